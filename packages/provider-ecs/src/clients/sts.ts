/** STS, as far as it is used. */
export {
  GetCallerIdentityCommand,
  STSClient as Client,
} from "@aws-sdk/client-sts";
