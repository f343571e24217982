/** What kinds of data plane calls the plugin says that it answers, separated by commas: an annotation of manifests that were found on disk. */
export const servicesAnnotation = "dataplane/plugin-services";
