// What to do about each thing that the server may say no with.
//
// An entry is a pattern of the server's words, a title, and steps: texts, or `{sql}` to run.

const identifier = (name) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
const literal = (text) => `'${text.replaceAll("'", "''")}'`;

function tableOf({ bindings }) {
  const [{ schema = "public", table = "your_table" } = {}] = bindings;
  return { schema, table, name: `${identifier(schema)}.${identifier(table)}` };
}

const ADVICE = [
  {
    when: /Token has expired/,
    title: "The token has expired",
    steps: () => [
      "Sign in again, or make a new token. Clients that keep a channel send the new token on it before the old one expires.",
      "For testing: slotcast token --sub USER_ID",
    ],
  },
  {
    when: /JwtSignatureError|Failed to validate JWT signature|JwtSignerError/,
    title: "The token was signed with another key",
    steps: () => [
      "The server verifies tokens with its setting jwt_secret, or with the key of its jwks that the token's kid names.",
      "A token of another project or of a local server of another time looks just like this.",
    ],
  },
  {
    when: /MalformedJWT|not a valid JWT/,
    title: "That is not a token",
    steps: () => ["A user token is a JWT: three parts with dots between them, beginning with eyJ. Look for a cut-off copy or the word Bearer."],
  },
  {
    when: /Fields `role` and `exp`/,
    title: "The token lacks a claim",
    steps: () => ["A token must say which PostgreSQL role it is for (role, mostly authenticated) and when it expires (exp)."],
  },
  {
    when: /permissions? to read from this Channel topic|^Unauthorized/,
    title: "No policy lets you read this private channel",
    steps: ({ topic }) => [
      "A private channel is opened by a policy on realtime.messages. For this topic and everybody who is signed in:",
      {
        sql: `create policy "read ${topic.replaceAll('"', "")}" on realtime.messages\n  for select to authenticated\n  using (realtime.topic() = ${literal(topic)} and extension in ('broadcast', 'presence'));`,
      },
      "To let them send as well:",
      {
        sql: `create policy "write ${topic.replaceAll('"', "")}" on realtime.messages\n  for insert to authenticated\n  with check (realtime.topic() = ${literal(topic)} and extension in ('broadcast', 'presence'));`,
      },
      "If there is a policy already: is a user token given, and does the policy hold for its role and claims?",
    ],
  },
  {
    when: /PrivateOnly/,
    title: "This server has private channels only",
    steps: () => ["Tick Private channel, and join with the token of a user whom a policy on realtime.messages lets in."],
  },
  {
    when: /PrivateChannelsNotServed/,
    title: "This server has no private channels",
    steps: () => ["Join without Private channel. Row level security protects changes of tables there, too."],
  },
  {
    when: /An exception happened.*invalid column/s,
    title: "A filter or a selection names a column that is not there for you",
    steps: (context) => [
      "Compare the spelling with the table. A column that the role may not select counts as missing:",
      { sql: `grant select on ${tableOf(context).name} to authenticated;` },
    ],
  },
  {
    when: /permission denied|may not select|42501/i,
    title: "The role may not select from the table",
    steps: (context) => [
      "Row level security comes on top of grants, it does not replace them:",
      { sql: `grant select on ${tableOf(context).name} to authenticated;` },
    ],
  },
  {
    when: /Please check Realtime is enabled/,
    title: "The table is not published, or does not exist",
    steps: (context) => [
      `Changes flow for tables of the publication ${context.publication}. Check the names, then add the table:`,
      { sql: `alter publication ${identifier(context.publication)} add table ${tableOf(context).name};` },
    ],
  },
  {
    when: /`filter` params|Exception: ERROR/,
    title: "The filter cannot be understood",
    steps: () => [
      "A filter is column=operator.value, such as status=eq.open; several with commas between them must all hold.",
      "Operators: eq neq lt lte gt gte in like ilike is match imatch isdistinct, each also after not. For in: id=in.(1,2,3). The value must be one of the column's type.",
    ],
  },
  {
    when: /`select` params|Column selection/,
    title: "The selection of columns cannot be used",
    steps: () => ["Name the schema and the table, without *, and give column names with commas between them."],
  },
  {
    when: /No subscription params/,
    title: "The binding names nothing",
    steps: () => ["Give a schema, a table, or both; * stands for all."],
  },
  {
    when: /a policy raised an error/,
    title: "A policy fails for your claims",
    steps: (context) => [
      "Ask PostgreSQL as the same user, with the claims of the token; it says what is wrong:",
      {
        sql: `begin;\nset local role authenticated;\nselect set_config('request.jwt.claims', '{"sub": "USER_ID", "role": "authenticated"}', true);\nselect * from ${tableOf(context).name} limit 1;\nrollback;`,
      },
      "Often a claim is missing or is no uuid where the policy casts it to one.",
    ],
  },
  {
    when: /took longer.*than the server allows/s,
    title: "A policy is too slow",
    steps: () => [
      "Look at it with explain analyze as that user. Wrap calls as (select auth.uid()), and index what the policy looks up.",
    ],
  },
  {
    when: /REPLICA IDENTITY/i,
    title: "Deletions and old values cannot be judged",
    steps: (context) => [
      "The log holds the key of old rows only. To log them whole:",
      { sql: `alter table ${tableOf(context).name} replica identity full;` },
    ],
  },
  {
    when: /resync/,
    title: "Read again what you show",
    steps: () => ["Some changes could not be delivered to this channel. An app queries its rows again now; later changes will arrive."],
  },
  {
    when: /RateLimitReached|Too many|rate limit exceeded/i,
    title: "A limit was reached",
    steps: () => [
      "Wait some seconds, then send or join less often. In apps, look for a channel that is made again on every render and never removed.",
      "The limits are settings of the server.",
    ],
  },
  {
    when: /presence state of this channel is full/,
    title: "Too much is tracked on this channel",
    steps: () => ["Track less for each client, or use more channels. The limit is presence_state_limit_bytes."],
  },
  {
    when: /payload_size_exceeded|size exceeded|too large/i,
    title: "The payload is too large",
    steps: () => ["Send a reference instead, such as a row's key, and let receivers read the rest."],
  },
  {
    when: /BindingLimitReached/,
    title: "Too many bindings on one channel",
    steps: () => ["Spread them over several channels, or use one binding with an in filter."],
  },
  {
    when: /unable to replay messages/i,
    title: "The messages of before could not be read",
    steps: () => ["PostgreSQL did not answer. Join again; /readyz and the server's log say what is wrong."],
  },
  {
    when: /UnableToReplayMessages/,
    title: "Messages cannot be replayed here",
    steps: () => ["Only private channels keep messages, and only those that came from the database."],
  },
  {
    when: /TopicNameRequired/,
    title: "The channel needs a name",
    steps: () => ["Any name will do for changes of tables."],
  },
  {
    when: /not established in time|SubscribeTimeout|InitializingProjectConnection|UnableToConnectToProject|DatabaseLackOfConnections|RealtimeRestarting/,
    title: "The server cannot reach PostgreSQL just now",
    steps: () => ["Clients try again by themselves. /readyz says what is missing; the server's log says why."],
  },
  {
    when: /Server requested disconnect/,
    title: "The server is restarting",
    steps: () => ["Join again in a moment. Official clients do so by themselves, and get what was committed meanwhile."],
  },
  {
    when: /unmatched topic/,
    title: "The channel is not joined",
    steps: () => ["It has ended. Join it again."],
  },
  {
    when: /Presence track payload/,
    title: "Presence must be an object",
    steps: () => ['Track a JSON object, such as {"name": "Ann"}.'],
  },
];

const SILENCE = (context) => {
  const { name, schema, table } = tableOf(context);
  return {
    title: "Subscribed, and nothing arrives?",
    steps: [
      "Changes come only for rows that a policy shows to the token's user; without a token, to the API key's role. Ask PostgreSQL what that is:",
      {
        sql: `begin;\nset local role anon; -- or authenticated\nselect set_config('request.jwt.claims', '{"role": "anon"}', true); -- the token's claims\nselect count(*) from ${name};\nrollback;`,
      },
      "Which policies there are:",
      {
        sql: `select policyname, cmd, roles, qual from pg_policies\nwhere schemaname = ${literal(schema)} and tablename = ${literal(table)};`,
      },
    ],
  };
};

/**
 * Say what to do.
 *
 * @param message The server's words.
 * @param context `{topic, bindings, publication}` of the join.
 * @returns `{title, steps}`, or null if there is nothing to add to the words.
 */
export function adviceFor(message, context) {
  const found = ADVICE.find(({ when }) => when.test(message));
  return found ? { title: found.title, steps: found.steps(context) } : null;
}

/** Say how to find out why nothing arrives although the server says that it is live. */
export function adviceForSilence(context) {
  return SILENCE(context);
}

/** Say what to do after the connection was closed or refused. */
export function adviceForClose(code, wasOpen) {
  if (!wasOpen) {
    return {
      title: "The server refused the connection",
      steps: [
        "Browsers are not told why. Mostly the API key is missing, expired, or of another server: it is anon's JWT or an opaque key, sb_publishable_…",
        "Otherwise the server is not running, or has as many connections as it may.",
      ],
    };
  }
  switch (code) {
    case 1000:
      return null;
    case 4429:
      return {
        title: "This page did not read fast enough",
        steps: ["More was waiting than send_queue_limit_bytes allows. Subscribe to less, with a filter or a selection of columns."],
      };
    case 1009:
      return { title: "The message was too large", steps: ["Send less: the server's setting is frame_limit_bytes."] };
    case 1001:
      return {
        title: "The server closed the connection",
        steps: ["It did so for its own protection, mostly since there were too many joins in a second."],
      };
    case 1012:
      return { title: "The server restarts", steps: ["Join again in a moment."] };
    default:
      return { title: "The connection is lost", steps: ["Is the network up, and is the server running? Join again."] };
  }
}
