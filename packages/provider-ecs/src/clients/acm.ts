/** AWS Certificate Manager: the client and the commands that are used, nothing else, so that the rest falls away in the build. */
export {
  ACMClient as Client,
  AddTagsToCertificateCommand,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  ListCertificatesCommand,
  ListTagsForCertificateCommand,
  RequestCertificateCommand,
} from "@aws-sdk/client-acm";
