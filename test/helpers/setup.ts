/** Runs before each test file. */
process.env["NO_COLOR"] = "1";

export {};
