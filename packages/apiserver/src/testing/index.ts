// For tests of packages that need an API server in this process.
export { fixedRoles } from "./fixed-roles.js";
