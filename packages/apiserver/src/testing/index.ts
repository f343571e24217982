// For tests of packages that need an API server in this process.
export { authorityExtensions, type CertificateWish, clientExtensions, issueByOpenssl } from "./client-certificates.js";
export { fixedRoles } from "./fixed-roles.js";
export type { IssuedCertificate } from "./issue-certificate.js";
