import {
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  DescribeInternetGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeVpcsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";

/**
 * Gives the emulator's default VPC its way out, as every account's default VPC has one: an internet gateway, and a route
 * to it in the main route table ("Default VPC components" of the VPC user guide). Does nothing where it is there.
 */
export async function openDefaultNetwork(emulator: URL): Promise<void> {
  const ec2 = new EC2Client({
    endpoint: emulator.href,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" },
  });
  try {
    const { Vpcs } = await ec2.send(
      new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] }),
    );
    const vpc = Vpcs?.[0]?.VpcId;
    if (vpc === undefined) return;
    const { InternetGateways } = await ec2.send(new DescribeInternetGatewaysCommand({}));
    const attached = InternetGateways?.find(({ Attachments }) =>
      Attachments?.some(({ VpcId }) => VpcId === vpc),
    );
    let gateway = attached?.InternetGatewayId;
    if (gateway === undefined) {
      const made = await ec2.send(new CreateInternetGatewayCommand({}));
      gateway = made.InternetGateway?.InternetGatewayId ?? "";
      await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc }));
    }
    const { RouteTables } = await ec2.send(
      new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [vpc] }] }),
    );
    const main = RouteTables?.find(({ Associations }) => Associations?.some(({ Main }) => Main === true));
    const table = main ?? RouteTables?.[0];
    if (table === undefined || table.Routes?.some(({ GatewayId }) => GatewayId === gateway) === true) return;
    await ec2.send(
      new CreateRouteCommand({
        RouteTableId: table.RouteTableId,
        DestinationCidrBlock: "0.0.0.0/0",
        GatewayId: gateway,
      }),
    );
  } finally {
    ec2.destroy();
  }
}
