import { mul } from "#runtime/tensor/ops";
import { testBroadcasting } from "./broadcast-cases.ts";

testBroadcasting(mul, (x, y) => x * y);
