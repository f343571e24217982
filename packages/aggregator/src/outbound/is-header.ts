/** Whether HTTP can carry it (RFC 9110 5.1, 5.5): what has a line break or NUL would be another header, or another request. */
export const isHeader = (name: string, value: string): boolean => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
