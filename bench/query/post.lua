-- wrk: POST one small query, with the credentials of the environment variable AUTHORIZATION. Prints one line of JSON at the end.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"from":"now-1h","to":"now","queries":[{"refId":"A","datasource":{"type":"acme-testplugin-datasource","uid":"abc"},"queryType":"small","intervalMs":1000,"maxDataPoints":100}]}'

dofile(os.getenv("REPORT"))
