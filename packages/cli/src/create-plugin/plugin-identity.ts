/** What a new plugin is called, and what it is. */
export interface PluginIdentity {
  readonly id: string;
  readonly name: string;
  readonly type: "datasource" | "app";
  readonly author: string;
}

/** One file of a new project; its path has slashes. */
export interface ProjectFile {
  readonly path: string;
  readonly text: string;
  readonly isExecutable?: boolean;
}

/** Base name of the executable, as Grafana's plugins have it. */
export const executableOf = ({ id }: PluginIdentity): string => `gpx_${id.replaceAll("-", "_")}`;
