// Lists all users with @mattermost/client, page after page, as its documentation shows.

import client4 from '@mattermost/client';

// The package is CommonJS, whose names node does not find by itself.
const {Client4} = client4;
const [host, port, token] = process.argv.slice(2);
const began = performance.now();
const client = new Client4();
client.setUrl(`http://${host}:${port}`);
client.setToken(token);
await client.getMe();
const users = [];
for (let page = 0; ; page++) {
    const batch = await client.getProfiles(page, 200);
    users.push(...batch);
    if (batch.length < 200) {
        break;
    }
}
const wallMs = performance.now() - began;
console.log(JSON.stringify({users: new Set(users.map((user) => user.id)).size, wall_ms: wallMs}));
