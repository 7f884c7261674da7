"""Three things about moto.

What EC2 does and moto does not: an image that is named by a parameter is looked up when an instance is started.

The token of a request for a certificate counts only once its key is made, so that two requests at once make two; and it
outlives the certificate, after which a request with it ends in an error of moto's.

A reset makes every backend anew, and then drops all of them: for EC2 and IAM, which load some thousand machine images and
policies each time, the first half is left out.
"""


def install() -> None:
    from threading import Lock

    from moto.acm.models import AWSCertificateManagerBackend
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.instances import InstanceBackend
    from moto.iam.models import IAMBackend
    from moto.ssm.models import ssm_backends

    original = InstanceBackend.run_instances

    def run_instances(self, image_id, *args, **kwargs):
        prefix = "resolve:ssm:"
        if isinstance(image_id, str) and image_id.startswith(prefix):
            parameters = ssm_backends[self.account_id][self.region_name]
            image_id = parameters.get_parameter(image_id[len(prefix) :]).value
        return original(self, image_id, *args, **kwargs)

    InstanceBackend.run_instances = run_instances
    EC2Backend.reset = lambda self: None
    IAMBackend.reset = lambda self: None

    delete = AWSCertificateManagerBackend.delete_certificate

    def delete_certificate(self, arn):
        delete(self, arn)
        kept = {token: one for token, one in self._idempotency_tokens.items() if one["arn"] != arn}
        self._idempotency_tokens = kept

    request = AWSCertificateManagerBackend.request_certificate
    one_at_a_time = Lock()

    def request_certificate(self, *args, **kwargs):
        with one_at_a_time:
            return request(self, *args, **kwargs)

    AWSCertificateManagerBackend.delete_certificate = delete_certificate
    AWSCertificateManagerBackend.request_certificate = request_certificate
