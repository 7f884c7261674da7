"""A change of records in Route 53 as AWS documents it, in the place of moto's.

moto compares a batch with its journal instead of the zone: it takes a CREATE of what is there, refuses a CREATE of what
was deleted before, and deletes by name whatever the values are. Here a batch is a transaction on the zone, each change is
judged by what those before it in the batch have left ("ChangeResourceRecordSets" of the API reference), and names are kept
as Route 53 lists them (`\\052` for a star, "DNS domain name format"). The words of the refusals are Route 53's own as
public issues quote them.
"""

import copy
import ipaddress
import re


def install() -> None:
    from moto.route53 import exceptions, models

    def change_resource_record_sets(self, zoneid, change_list):
        zone = self.get_hosted_zone(zoneid)
        before = zone.rrsets
        zone.rrsets = copy.copy(before)
        problems = []
        for change in change_list:
            problem = _apply(models, zone, change["Action"], change["ResourceRecordSet"])
            if problem is not None:
                problems.append(problem)
        problems += _conflicts(zone) if not problems else []
        if problems:
            zone.rrsets = before
            refusal = exceptions.InvalidChangeBatch()
            refusal.message = f"[{', '.join(problems)}]"
            raise refusal

    models.Route53Backend.change_resource_record_sets = change_resource_record_sets

    create_hosted_zone = models.Route53Backend.create_hosted_zone

    def create_hosted_zone_as_listed(self, name, *args, **kwargs):
        zone = create_hosted_zone(self, name, *args, **kwargs)
        for record in zone.rrsets:
            record.name = _name(record.name)
            record.ttl = int(record.ttl)
            if record.type == "NS":
                record.records = [f"{server.rstrip('.')}." for server in record.records]
        return zone

    models.Route53Backend.create_hosted_zone = create_hosted_zone_as_listed


def _name(name):
    escaped = re.sub(r"[^a-z0-9_\-.\\]", lambda one: f"\\{ord(one.group()):03o}", name.lower())
    return escaped.rstrip(".") + "."


def _key(record):
    return (record.name, record.type, record.set_identifier)


def _values(record):
    return sorted(record.records or [])


def _apply(models, zone, action, wanted):
    wanted = copy.deepcopy(wanted)
    wanted["Name"] = _name(wanted["Name"])
    if isinstance(wanted.get("ResourceRecords"), list):
        wanted["ResourceRecords"] = [one["Value"] for one in wanted["ResourceRecords"]]
    if wanted.get("TTL") is not None:
        wanted["TTL"] = int(wanted["TTL"])
    record = models.RecordSet(wanted)
    place = f"[name='{record.name}', type='{record.type}']"
    if record.set_identifier:
        place = f"[name='{record.name}', type='{record.type}', set identifier='{record.set_identifier}']"
    root = _name(zone.name)
    if record.name != root and not record.name.endswith(f".{root}"):
        return f"RRSet with DNS name {record.name} is not permitted in zone {root}"
    present = next((one for one in zone.rrsets if _key(one) == _key(record)), None)
    if action == "DELETE":
        if present is None:
            return f"Tried to delete resource record set {place} but it was not found"
        if (present.ttl, _values(present), present.alias_target) != (record.ttl, _values(record), record.alias_target):
            return f"Tried to delete resource record set {place} but the values provided do not match the current values"
        zone.rrsets = [one for one in zone.rrsets if one is not present]
        return None
    if action == "CREATE" and present is not None:
        return f"Tried to create resource record set {place} but it already exists"
    problem = _malformed(record)
    if problem is not None:
        return f"Invalid Resource Record: '{problem}'"
    zone.rrsets = [one for one in zone.rrsets if one is not present] + [record]
    return None


def _malformed(record):
    for value in record.records or []:
        if not value.isascii():
            return f"FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with '{value}'"
        if record.type in ("A", "AAAA"):
            try:
                (ipaddress.IPv4Address if record.type == "A" else ipaddress.IPv6Address)(value)
            except ValueError:
                kind = "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)" if record.type == "A" else (
                    "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"
                )
                return f"FATAL problem: {kind} encountered with '{value}'"
        if record.type in ("TXT", "SPF"):
            if not re.fullmatch(r'"(?:[^"\\]|\\[0-3][0-7][0-7]|\\["\\])*"(?:\s+"(?:[^"\\]|\\[0-3][0-7][0-7]|\\["\\])*")*', value):
                return f"FATAL problem: InvalidCharacterString (Value should be enclosed in quotation marks) encountered with '{value}'"
            for text in re.findall(r'"((?:[^"\\]|\\.)*)"', value):
                if len(re.sub(r'\\(?:[0-7]{3}|.)', "x", text)) > 255:
                    return f"FATAL problem: CharacterStringTooLong (Value is too long) encountered with '{value}'"
    return None


def _conflicts(zone):
    root = _name(zone.name)
    problems = []
    for record in zone.rrsets:
        beside = [one for one in zone.rrsets if one.name == record.name and one.type != record.type]
        if record.type == "CNAME" and record.name == root:
            problems.append(f"RRSet of type CNAME with DNS name {record.name} is not permitted at apex in zone {root}")
        elif record.type == "CNAME" and beside:
            problems.append(
                f"RRSet of type CNAME with DNS name {record.name} is not permitted as it conflicts with other records"
                f" with the same DNS name in zone {root}"
            )
        same = [one for one in zone.rrsets if one.name == record.name and one.type == record.type]
        if len(same) > 1 and any(one.set_identifier is None for one in same):
            problems.append(
                f"RRSet with DNS name {record.name}, type {record.type} cannot be created as a non multi-answer rrset"
                " exists with the same name and type"
            )
    return sorted(set(problems))
