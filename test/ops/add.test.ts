import { add } from "#runtime/tensor/ops";
import { testBroadcasting } from "./broadcast-cases.ts";

testBroadcasting(add, (x, y) => x + y);
