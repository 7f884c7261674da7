"""What ministack 1.5.33 leaves out and a test of deployments needs, done from its real containers; and what
moto answers about groups of schedules that are not there, about memory, and to the same request again.

Each has its line in docs/testing-ecs.md. All of them make the emulator do what AWS documents, none what our provider would
like; what a test must see that no container can show is scripted in the proxy instead.
"""

import hashlib
import os
import threading
import time
import urllib.error
import urllib.request


def install_moto() -> None:
    """What is not there is refused as AWS refuses it; moto answers 500 or nothing. A reservation is memory enough."""
    from moto.ecs import models as ecs
    from moto.scheduler import exceptions, models

    validate = ecs.EC2ContainerServiceBackend._validate_container_defs

    # "You must specify a non-zero integer for one or both of memory or memoryReservation": ContainerDefinition of the API.
    def validate_container_defs(memory, container_definitions, _requires_compatibilities):
        return validate(memory, container_definitions, None)

    ecs.EC2ContainerServiceBackend._validate_container_defs = staticmethod(validate_container_defs)
    _containers_without_memory(ecs)
    _families_in_use()
    _target_groups_of_one_name()
    _load_balancers_of_one_name()

    delete = models.EventBridgeSchedulerBackend.delete_schedule_group

    def delete_schedule_group(self, name):
        if (name or "default") not in self.schedule_groups:
            raise exceptions.ScheduleGroupNotFound(name)
        return delete(self, name)

    schedules = models.EventBridgeSchedulerBackend.list_schedules

    def list_schedules(self, *args, **kwargs):
        names = kwargs.get("group_names") or (args[0] if args else None)
        for name in [names] if isinstance(names, str) else (names or []):
            if name not in self.schedule_groups:
                raise exceptions.ScheduleGroupNotFound(name)
        return schedules(self, *args, **kwargs)

    models.EventBridgeSchedulerBackend.delete_schedule_group = delete_schedule_group
    models.EventBridgeSchedulerBackend.list_schedules = list_schedules


def _containers_without_memory(ecs) -> None:
    """On Fargate a container needs no memory of its own, the task has it; moto's RunTask answers 500."""
    needs = ecs.EC2ContainerServiceBackend._calculate_task_resource_requirements

    def requirements(task_definition):
        bare = [one for one in task_definition.container_definitions if one.get("memory") is None]
        for one in bare:
            one.setdefault("memoryReservation", 0)
        try:
            return needs(task_definition)
        finally:
            for one in bare:
                if one.get("memoryReservation") == 0:
                    del one["memoryReservation"]

    ecs.EC2ContainerServiceBackend._calculate_task_resource_requirements = staticmethod(requirements)


def _families_in_use() -> None:
    """ListTaskDefinitionFamilies with the status ACTIVE leaves out those without an active revision; moto lists all."""
    from moto.core.responses import ActionResult
    from moto.ecs import responses

    def list_families(self):
        status = self._get_param("status")
        known = self.ecs_backend.task_definitions
        families = [
            family
            for family in self.ecs_backend.list_task_definition_families(self._get_param("familyPrefix"))
            if status != "ACTIVE" or any(one.status == "ACTIVE" for one in known[family].values())
        ]
        return ActionResult({"families": families})

    responses.EC2ContainerServiceResponse.list_task_definition_families = list_families


def _target_groups_of_one_name() -> None:
    """"If you attempt to create multiple target groups with the same settings, each call succeeds": CreateTargetGroup."""
    from moto.elbv2 import models

    create = models.ELBv2Backend.create_target_group

    def create_target_group(self, name, **kwargs):
        for group in self.target_groups.values():
            same = (group.protocol, str(group.port), group.vpc_id, group.target_type) == (
                kwargs.get("protocol"),
                str(kwargs.get("port")),
                kwargs.get("vpc_id"),
                kwargs.get("target_type"),
            )
            if group.name == name and same:
                return group
        return create(self, name, **kwargs)

    models.ELBv2Backend.create_target_group = create_target_group


def _load_balancers_of_one_name() -> None:
    """"If you attempt to create multiple load balancers with the same settings, each call succeeds": CreateLoadBalancer."""
    from moto.elbv2 import models

    create = models.ELBv2Backend.create_load_balancer

    def create_load_balancer(self, name, **kwargs):
        for balancer in self.load_balancers.values():
            groups = sorted(kwargs.get("security_groups") or [])
            same = (sorted(balancer.security_groups or []), balancer.scheme) == (groups, kwargs.get("scheme"))
            if balancer.name == name and same:
                return balancer
        return create(self, name, **kwargs)

    models.ELBv2Backend.create_load_balancer = create_load_balancer


def install() -> None:
    from ministack.services import alb, cloudwatch_logs, ecs, rds, servicediscovery, ssm

    _databases_of_their_own(rds)
    _run_as_defined(ecs)
    if os.environ.get("DOCKER_NETWORK"):
        _names_of_processes(ecs, servicediscovery, os.environ["DOCKER_NETWORK"])
    _started_by_deployment(ecs)
    _rollouts_take_time(ecs, alb)
    _honour_client_tokens(ecs)
    _probe_targets(alb)
    _decrypt_parameters(ssm)
    _filter_by_prefix(cloudwatch_logs)


def _databases_of_their_own(rds) -> None:
    """The container of a database is named after its account, region and identifier, which two emulators may share on one
    Docker Engine: the second gets no container, and when it deletes its database, it stops the first one's."""
    from ministack.core import container_reaper

    scope = rds._rds_docker_scope

    def docker_scope(account_id=None, region=None):
        text = f"{scope(account_id, region)}:{container_reaper.instance_id()}"
        return hashlib.sha1(text.encode()).hexdigest()[:12]

    rds._rds_docker_scope = docker_scope


def _run_as_defined(ecs) -> None:
    """Containers get their entry point, directory, user, labels, memory, health check, init process and Docker volumes."""
    build = ecs._build_run_kwargs

    def build_run_kwargs(cdef, td, *args):
        kwargs = build(cdef, td, *args)
        if cdef.get("entryPoint"):
            kwargs["entrypoint"] = cdef["entryPoint"]
        if cdef.get("workingDirectory"):
            kwargs["working_dir"] = cdef["workingDirectory"]
        if cdef.get("user"):
            kwargs["user"] = cdef["user"]
        if cdef.get("memory"):
            kwargs["mem_limit"] = cdef["memory"] * 1024 * 1024
        kwargs["labels"] = {**(cdef.get("dockerLabels") or {}), **kwargs["labels"]}
        if (cdef.get("linuxParameters") or {}).get("initProcessEnabled"):
            kwargs["init"] = True
        check = cdef.get("healthCheck")
        if check:
            second = 1_000_000_000
            kwargs["healthcheck"] = {
                "test": check["command"],
                "interval": check.get("interval", 30) * second,
                "timeout": check.get("timeout", 5) * second,
                "retries": check.get("retries", 3),
                "start_period": check.get("startPeriod", 0) * second,
            }
        named = {v["name"] for v in td.get("volumes", []) if not (v.get("host") or {}).get("sourcePath")}
        for mount in cdef.get("mountPoints", []):
            if mount.get("sourceVolume") in named:
                mode = "ro" if mount.get("readOnly") else "rw"
                kwargs.setdefault("volumes", []).append(
                    f"{td['family']}-{mount['sourceVolume']}:{mount['containerPath']}:{mode}"
                )
        return kwargs

    ecs._build_run_kwargs = build_run_kwargs


def _names_of_processes(ecs, discovery, network) -> None:
    """Tasks are in the network of the emulator, where those of a service that is registered in Cloud Map have its name."""
    from docker import types

    build = ecs._build_run_kwargs

    def names(task):
        _, _, name = (task.get("group") or "").partition("service:")
        cluster = (task.get("clusterArn") or "").rpartition("/")[2]
        registries = (ecs._services.get(f"{cluster}/{name}") or {}).get("serviceRegistries") or []
        for registry in registries:
            found = discovery._services.get(registry["registryArn"].rpartition("/")[2])
            namespace = found and discovery._namespaces.get(found["NamespaceId"])
            if namespace:
                yield f"{found['Name']}.{namespace['Name']}"

    def build_run_kwargs(cdef, td, env, ports, _network, host_mode, task_id, task_arn, *rest):
        kwargs = build(cdef, td, env, ports, network, host_mode, task_id, task_arn, *rest)
        if not host_mode:
            aliases = list(names(ecs._tasks.get(task_arn) or {}))
            kwargs["networking_config"] = {network: types.EndpointConfig("1.42", aliases=aliases)}
        return kwargs

    ecs._build_run_kwargs = build_run_kwargs


def _started_by_deployment(ecs) -> None:
    """A service's task names the deployment that started it; ministack writes the service's name."""
    run = ecs._run_task

    def run_task(data):
        deployment = data.get("_deploymentId")
        return run({**data, "startedBy": deployment} if deployment else data)

    ecs._run_task = run_task
    if "RunTask" in ecs._ACTION_MAP:
        ecs._ACTION_MAP["RunTask"] = run_task


def _rollouts_take_time(ecs, alb) -> None:
    """A service's first deployment is in progress until its tasks run, and any until its targets answer."""
    make = ecs._make_deployment

    def make_deployment(task_definition, desired_count, status="PRIMARY"):
        deployment = make(task_definition, desired_count, status)
        if status == "PRIMARY":
            deployment["rolloutState"] = "IN_PROGRESS"
            deployment["rolloutStateReason"] = f"ECS deployment {deployment['id']} in progress."
        return deployment

    complete = ecs._complete_service_deployment
    waiting = set()
    lock = threading.Lock()

    def complete_service_deployment(cluster_name, svc_key, expected_deployment_id=None):
        service = ecs._services.get(svc_key)
        if service and service.get("status") == "ACTIVE" and service.get("desiredCount"):
            addresses = {
                ecs._task_ip(task)
                for task in list(ecs._tasks.values())
                if task.get("group") == f"service:{service['serviceName']}" and task.get("lastStatus") == "RUNNING"
            }
            for balancer in service.get("loadBalancers") or []:
                group = balancer.get("targetGroupArn")
                targets = [t for t in alb._targets.get(group, []) if t["Id"] in addresses]
                states = [_state(alb, group, t)[0] for t in targets]
                if not states or any(state != "healthy" for state in states):
                    again_later(cluster_name, svc_key, expected_deployment_id)
                    return None
        return complete(cluster_name, svc_key, expected_deployment_id=expected_deployment_id)

    def again_later(cluster_name, svc_key, expected):
        key = (cluster_name, svc_key, expected)
        account, region = ecs.get_account_id(), ecs.get_region()

        def check():
            time.sleep(0.5)
            with lock:
                waiting.discard(key)
            with ecs.request_scope(account, region):
                complete_service_deployment(cluster_name, svc_key, expected_deployment_id=expected)

        with lock:
            if key in waiting:
                return
            waiting.add(key)
        threading.Thread(target=check, daemon=True).start()

    ecs._make_deployment = make_deployment
    ecs._complete_service_deployment = complete_service_deployment


def _honour_client_tokens(ecs) -> None:
    """The same token again gets the same answer, as long as the thing is there."""
    seen = {}

    def remember(operation, find):
        original = ecs._ACTION_MAP[operation]

        def handler(data):
            token = data.get("clientToken")
            key = (operation, ecs.get_account_id(), ecs.get_region(), data.get("cluster"), token)
            if token and key in seen and find(data):
                return seen[key]
            answer = original(data)
            if token and answer[0] == 200:
                seen[key] = answer
            return answer

        ecs._ACTION_MAP[operation] = handler

    def service_is_there(data):
        cluster = ecs._resolve_cluster_name(data.get("cluster", "default"))
        service = ecs._services.get(f"{cluster}/{data.get('serviceName')}")
        return bool(service) and service.get("status") == "ACTIVE"

    remember("CreateService", service_is_there)
    remember("RunTask", lambda _data: True)


def _probe_targets(alb) -> None:
    """A target is as healthy as it answers; ministack calls every target healthy."""

    def describe_target_health(params):
        arn = alb._p(params, "TargetGroupArn")
        if arn not in alb._tgs:
            return alb._error("TargetGroupNotFound", f"Target group '{arn}' not found.")
        asked = {t["Id"] for t in alb._parse_targets_param(params)}
        members = []
        for target in alb._targets.get(arn, []):
            if asked and target["Id"] not in asked:
                continue
            state, reason, text = _state(alb, arn, target)
            port = target.get("Port", alb._tgs[arn].get("Port", 80))
            why = f"<Reason>{reason}</Reason><Description>{text}</Description>" if reason else ""
            members.append(
                f"<member><Target><Id>{target['Id']}</Id><Port>{port}</Port></Target>"
                f"<TargetHealth><State>{state}</State>{why}</TargetHealth></member>"
            )
        return alb._xml(
            200,
            "DescribeTargetHealth",
            f"<TargetHealthDescriptions>{''.join(members)}</TargetHealthDescriptions>",
        )

    alb._describe_target_health = describe_target_health
    for name in ("_ACTIONS", "_ACTION_MAP", "_HANDLERS"):
        table = getattr(alb, name, None)
        if isinstance(table, dict) and "DescribeTargetHealth" in table:
            table["DescribeTargetHealth"] = describe_target_health


def _decrypt_parameters(ssm) -> None:
    """A task gets the text of a SecureString, in the version that it names; ministack hands on what it stores."""
    resolve = ssm.resolve_parameter_value

    def resolve_parameter_value(name_or_arn, version=None, decrypt=True):
        name, separator, last = name_or_arn.rpartition(":")
        if version is None and separator and last.isdigit():
            return resolve(name, int(last), decrypt)
        return resolve(name_or_arn, version, decrypt)

    ssm.resolve_parameter_value = resolve_parameter_value


def _filter_by_prefix(logs) -> None:
    """FilterLogEvents looks at the streams whose names begin with the prefix; ministack looks at all."""
    original = logs._filter_log_events

    def filter_log_events(data):
        prefix = data.get("logStreamNamePrefix")
        group = logs._log_groups.get(logs._resolve_log_group_name(data))
        if prefix and group:
            names = [name for name in group["streams"] if name.startswith(prefix)]
            if not names:
                return 200, {"Content-Type": "application/x-amz-json-1.1"}, b'{"events": [], "searchedLogStreams": []}'
            data = {**data, "logStreamNames": names}
        return original(data)

    logs._filter_log_events = filter_log_events


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


def _state(alb, arn, target):
    group = alb._tgs.get(arn) or {}
    port = target.get("Port", group.get("Port", 80))
    path = group.get("HealthCheckPath") or "/"
    matcher = str((group.get("Matcher") or {}).get("HttpCode") or "200")
    url = f"http://{target['Id']}:{port}{path}"
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
        code = opener.open(url, timeout=2).status
    except urllib.error.HTTPError as error:
        code = error.code
    except TimeoutError:
        return "unhealthy", "Target.Timeout", "Request timed out"
    except OSError:
        return "unhealthy", "Target.FailedHealthChecks", "Health checks failed"
    if _matches(code, matcher):
        return "healthy", None, None
    return "unhealthy", "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{code}]"


def _matches(code, matcher):
    for part in matcher.split(","):
        first, _, last = part.partition("-")
        if int(first) <= code <= int(last or first):
            return True
    return False
