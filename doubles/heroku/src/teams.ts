import { accountId } from "./collaborators.js";
import { answer, type Call, invalid, notFound, type Route, refuse, text } from "./http.js";
import { newId, now } from "./ids.js";
import { teamOf } from "./lookup.js";
import type { Team, TeamRole } from "./state.js";
import type { World } from "./world.js";

/** Teams and their members. */
export function teamRoutes(world: World): Route[] {
  const of = (call: Call): Team => teamOf(world, call.params.team ?? "", call.account);
  const ruled = (call: Call): Team => {
    const team = of(call);
    const role = team.members.find((one) => one.email === call.account.email)?.role;
    if (role !== "admin") refuse(403, "forbidden", `You must be an admin of ${team.name} to do that.`);
    return team;
  };

  function put(call: Call): unknown {
    const team = ruled(call);
    const email = text(call.body, "email") ?? invalid("An email is required.");
    const role = (text(call.body, "role") ?? "member") as TeamRole;
    const known = team.members.find((one) => one.email === email);
    if (known !== undefined) {
      known.role = role;
      return describeMember(world, known);
    }
    const made = { id: newId(), email, role, createdAt: now() };
    team.members.push(made);
    return describeMember(world, made);
  }

  return [
    {
      method: "GET",
      path: "/teams",
      list: true,
      shows: "team",
      handle: (call) =>
        answer(
          world.state.teams
            .filter((team) => team.members.some((one) => one.email === call.account.email))
            .map((team) => describeTeam(team, call.account.email)),
        ),
    },
    {
      method: "GET",
      path: "/teams/{team}",
      shows: "team",
      handle: (call) => answer(describeTeam(of(call), call.account.email)),
    },
    {
      method: "GET",
      path: "/teams/{team}/members",
      list: true,
      handle: (call) => answer(of(call).members.map((one) => describeMember(world, one))),
    },
    ...(["POST", "PUT", "PATCH"] as const).map(
      (method): Route => ({
        method,
        path: "/teams/{team}/members",
        handle: (call) => answer(put(call), method === "POST" ? 201 : 200),
      }),
    ),
    {
      method: "DELETE",
      path: "/teams/{team}/members/{member}",
      handle: (call) => {
        const team = ruled(call);
        const name = call.params.member ?? "";
        const index = team.members.findIndex((one) => one.id === name || one.email === name);
        const [gone] = index < 0 ? [] : team.members.splice(index, 1);
        if (gone === undefined) return notFound("team member");
        for (const app of world.state.apps.filter((one) => one.owner.id === team.id))
          app.collaborators = app.collaborators.filter((one) => one.email !== gone.email);
        return answer(describeMember(world, gone));
      },
    },
    {
      method: "GET",
      path: "/teams/{team}/features",
      list: true,
      handle: (call) => {
        of(call);
        return answer([]);
      },
    },
    {
      method: "GET",
      path: "/teams/{team}/invitations",
      list: true,
      handle: (call) => {
        of(call);
        return answer([]);
      },
    },
  ];
}

function describeTeam(team: Team, email: string): unknown {
  const role = team.members.find((one) => one.email === email)?.role ?? null;
  return {
    created_at: team.createdAt,
    credit_card_collections: true,
    default: false,
    enterprise_account: null,
    id: team.id,
    identity_provider: null,
    membership_limit: null,
    name: team.name,
    pipeline_cost_consent_at: null,
    pipeline_cost_consent_user_email: null,
    provisioned_licenses: false,
    role: role === "viewer" ? "member" : role,
    type: team.enterprise ? "enterprise" : "team",
    updated_at: team.createdAt,
  };
}

function describeMember(world: World, member: Team["members"][number]): unknown {
  return {
    created_at: member.createdAt,
    email: member.email,
    federated: false,
    id: member.id,
    identity_provider: null,
    role: member.role === "viewer" ? "member" : member.role,
    two_factor_authentication: false,
    updated_at: member.createdAt,
    user: { email: member.email, id: accountId(world, member.email), name: null },
  };
}
