export {
  createSecretStore,
  type SecretEntry,
  type SecretStore,
  type SecretStoreOptions,
  type SetOptions,
} from "./secret-store.js";
