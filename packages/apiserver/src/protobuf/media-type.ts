/** Kubernetes' own media type; typed clients send the older kinds in it and do not fall back to JSON. */
export const protobufMediaType = "application/vnd.kubernetes.protobuf";
