"""What EC2 does and moto does not: an image that is named by a parameter is looked up when an instance is started."""


def install() -> None:
    from moto.ec2.models.instances import InstanceBackend
    from moto.ssm.models import ssm_backends

    original = InstanceBackend.run_instances

    def run_instances(self, image_id, *args, **kwargs):
        prefix = "resolve:ssm:"
        if isinstance(image_id, str) and image_id.startswith(prefix):
            parameters = ssm_backends[self.account_id][self.region_name]
            image_id = parameters.get_parameter(image_id[len(prefix) :]).value
        return original(self, image_id, *args, **kwargs)

    InstanceBackend.run_instances = run_instances
