/** What drags of a node class carry: its name. */
export const NODE_DRAG_TYPE = "text/umbel-node";
