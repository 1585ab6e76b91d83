"""Lists all users with mattermostautodriver, page after page, as its documentation shows."""

import json
import sys
import time

from mattermostautodriver import TypedDriver

host, port, token = sys.argv[1:]
began = time.perf_counter()
driver = TypedDriver({"scheme": "http", "url": host, "port": int(port), "token": token})
driver.login()
users, page = [], 0
while True:
    batch = driver.users.get_users(page=page, per_page=200)
    users.extend(batch)
    if len(batch) < 200:
        break
    page += 1
wall_ms = (time.perf_counter() - began) * 1000
print(json.dumps({"users": len({user["id"] for user in users}), "wall_ms": wall_ms}))
