import { list, setting, text } from "../setting.js";

const section = "grafana-apiserver";

/** Certificates of others in place of those that the server makes for itself under `keys` in the data folder. Files are read again when they change. */
export const certificateSettings = {
  tlsCertFile: setting(
    section,
    "tls_cert_file",
    text,
    "",
    "Serving certificate, PEM: the leaf, then its issuers. Empty: one of the server's own CA.",
  ),
  tlsPrivateKeyFile: setting(section, "tls_private_key_file", text, "", "Key of tls_cert_file, PEM."),
  clientCaFile: setting(
    section,
    "client_ca_file",
    text,
    "",
    "CAs, PEM, whose client certificates are users: the common name is the user, the organizations are the groups. Empty: the server's own.",
  ),
  requestHeaderClientCaFile: setting(
    section,
    "requestheader_client_ca_file",
    text,
    "",
    "CAs, PEM, of proxies that are believed when they name the user in X-Remote-User, -Group, -Uid and -Extra-*. Empty: the server's own.",
  ),
  requestHeaderAllowedNames: setting(
    section,
    "requestheader_allowed_names",
    list,
    "front-proxy-client",
    "Common names of such proxies. Empty: any certificate of those CAs.",
  ),
  proxyClientCertFile: setting(
    section,
    "proxy_client_cert_file",
    text,
    "",
    "Client certificate, PEM, that the server shows to API servers behind APIServices. Empty: one of the server's own CA.",
  ),
  proxyClientKeyFile: setting(section, "proxy_client_key_file", text, "", "Key of proxy_client_cert_file, PEM."),
  remoteServicesFile: setting(
    section,
    "remote_services_file",
    text,
    "",
    "YAML or JSON of API servers behind this one: APIServices and ExternalNames, or entries of group, version, host and port.",
  ),
} as const;
