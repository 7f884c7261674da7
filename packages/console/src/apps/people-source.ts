import type { AccessBook } from "../access/book.js";
import type { PeopleSource } from "./vendor-access-types.js";

/** Who has which role, by the book of grants: read anew each time. */
export function peopleSource({ questions }: Pick<AccessBook, "questions">): PeopleSource {
  const peopleOf: PeopleSource["peopleOf"] = async (app) =>
    (await questions.whoCan(app)).people.map(({ person, role }) => ({ email: person.email, role }));
  return {
    peopleOf,
    roleOf: async (email, app) => {
      const person = email.toLowerCase();
      return (await peopleOf(app)).find((one) => one.email.toLowerCase() === person)?.role;
    },
  };
}
