/** Gives the page the desktop contract and nothing else. */
import { contextBridge } from "electron";
import { bridge, forwardPorts } from "./ipc/preload.ts";

forwardPorts();
contextBridge.exposeInMainWorld("umbelDesktop", bridge);
