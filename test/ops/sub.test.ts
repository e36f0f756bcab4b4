import { sub } from "#runtime/tensor/ops";
import { testBroadcasting } from "./broadcast-cases.ts";

testBroadcasting(sub, (x, y) => x - y);
