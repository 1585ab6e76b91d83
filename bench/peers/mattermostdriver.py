"""Lists all users with mattermostdriver, page after page, as its documentation shows."""

import json
import sys
import time

from mattermostdriver import Driver

host, port, token = sys.argv[1:]
began = time.perf_counter()
driver = Driver({"scheme": "http", "url": host, "port": int(port), "token": token})
driver.login()
users, page = [], 0
while True:
    batch = driver.users.get_users(params={"page": page, "per_page": 200})
    users.extend(batch)
    if len(batch) < 200:
        break
    page += 1
wall_ms = (time.perf_counter() - began) * 1000
print(json.dumps({"users": len({user["id"] for user in users}), "wall_ms": wall_ms}))
