export { createGitHubDouble, type GitHubDouble, type GitHubDoubleOptions } from "./double.js";
export type { Fault, GitHubUser } from "./state.js";
