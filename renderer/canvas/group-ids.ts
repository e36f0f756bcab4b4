/** Groups have no id of their own: among what is drawn and moved they are named by their place in the list. */
export const groupId = (index: number): string => `group:${index}`;
export const isGroupId = (id: string): boolean => id.startsWith("group:");
export const groupIndex = (id: string): number => Number(id.slice("group:".length));
