"""Calls every route of the data plane through a client that is made of the served OpenAPI document.

It is type-checked and run beside that client, the package plane. Prints `METHOD /path/{template} status` for each call.
"""

import sys
from io import BytesIO

import httpx
from plane.api.default import (
    convert_objects_tests_example_v1 as convert_objects,
    create_connection_query_tests_example_v1 as connection_query,
    create_data_source_query_tests_example_v1 as data_source_query,
    delete_data_source_proxy_path_tests_example_v1 as delete_proxy_path,
    delete_data_source_proxy_tests_example_v1 as delete_proxy,
    delete_data_source_resources_path_tests_example_v1 as delete_resources_path,
    delete_data_source_resources_tests_example_v1 as delete_resources,
    get_data_source_access_tests_example_v1 as access,
    get_data_source_health_tests_example_v1 as health,
    get_data_source_proxy_path_tests_example_v1 as get_proxy_path,
    get_data_source_proxy_tests_example_v1 as get_proxy,
    get_data_source_resources_path_tests_example_v1 as get_resources_path,
    get_data_source_resources_tests_example_v1 as get_resources,
    get_datasources_by_uid_custom_by_id_tests_example_v1 as custom,
    get_plugin_metrics_tests_example_v1 as metrics,
    mutate_admission_tests_example_v1 as mutate,
    patch_data_source_proxy_path_tests_example_v1 as patch_proxy_path,
    patch_data_source_proxy_tests_example_v1 as patch_proxy,
    patch_data_source_resources_path_tests_example_v1 as patch_resources_path,
    patch_data_source_resources_tests_example_v1 as patch_resources,
    post_data_source_proxy_path_tests_example_v1 as post_proxy_path,
    post_data_source_proxy_tests_example_v1 as post_proxy,
    post_data_source_resources_path_tests_example_v1 as post_resources_path,
    post_data_source_resources_tests_example_v1 as post_resources,
    put_data_source_proxy_path_tests_example_v1 as put_proxy_path,
    put_data_source_proxy_tests_example_v1 as put_proxy,
    put_data_source_resources_path_tests_example_v1 as put_resources_path,
    put_data_source_resources_tests_example_v1 as put_resources,
    publish_data_source_stream_tests_example_v1 as publish,
    subscribe_data_source_stream_tests_example_v1 as subscribe,
    validate_admission_tests_example_v1 as validate,
)
from plane.client import Client
from plane.models import (
    AppGrafanaAggregationQueryQueryDataRequest as QueryDataRequest,
    AppGrafanaAggregationQueryQueryDataResponse as QueryDataResponse,
    AppGrafanaAggregationStatus as Status,
    ConvertObjectsTestsExampleV1Body as ConversionReview,
    MutateAdmissionTestsExampleV1Body as Mutation,
    ValidateAdmissionTestsExampleV1Body as Validation,
)
from plane.types import File

url, authorization = sys.argv[1:3]


def log(response: httpx.Response) -> None:
    path = response.request.url.path.replace("/namespaces/default/", "/namespaces/{namespace}/").replace("/main/", "/{uid}/")
    path = path[: path.rindex("/") + 1] + "{path}" if path.endswith(("/echo", "/tick", "/denied")) else path.replace("/custom/7", "/custom/{id}")
    print(response.request.method, path, response.status_code)


client = Client(base_url=url, headers={"authorization": authorization}, httpx_args={"event_hooks": {"response": [log]}})
namespace, uid = "default", "main"

queries = QueryDataRequest.from_dict({"from": "now-5m", "to": "now", "queries": [{"refId": "A", "queryType": "small"}]})
answer = data_source_query.sync(namespace, uid, client=client, body=queries)
assert isinstance(answer, QueryDataResponse), answer
frames = answer.results["A"].frames
assert isinstance(frames, list) and len(frames) > 0, answer
connection_query.sync_detailed(namespace, uid, client=client, body=queries)
healthy = health.sync(namespace, uid, client=client)
assert healthy is not None and not isinstance(healthy, Status) and healthy.status == "OK", healthy
allowed = access.sync(namespace, uid, client=client)
assert allowed is not None and not isinstance(allowed, Status) and allowed.permissions["datasources:query"], allowed
metrics.sync_detailed(client=client)

for call in (get_resources, delete_resources, get_proxy, delete_proxy):
    call.sync_detailed(namespace, uid, client=client)
for write in (post_resources, put_resources, patch_resources, post_proxy, put_proxy, patch_proxy):
    write.sync_detailed(namespace, uid, client=client, body=File(payload=BytesIO(b'{"a": 1}')))
for call_path in (get_resources_path, delete_resources_path, get_proxy_path, delete_proxy_path):
    call_path.sync_detailed(namespace, uid, "echo", client=client)
for write_path in (post_resources_path, put_resources_path, patch_resources_path, post_proxy_path, put_proxy_path, patch_proxy_path):
    write_path.sync_detailed(namespace, uid, "echo", client=client, body=File(payload=BytesIO(b'{"a": 1}')))
custom.sync_detailed(namespace, uid, "7", client=client)

thing = {"apiVersion": "tests.example/v1", "kind": "Thing", "metadata": {"name": "x", "namespace": "default"}, "spec": {}}
request = {
    "uid": "1",
    "kind": {"group": "tests.example", "version": "v1", "kind": "Thing"},
    "resource": {"group": "tests.example", "version": "v1", "resource": "things"},
    "operation": "CREATE",
    "namespace": "default",
    "object": thing,
}
review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
mutate.sync_detailed(client=client, body=Mutation.from_dict(review))
validate.sync_detailed(client=client, body=Validation.from_dict(review))
conversion = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "ConversionReview",
    "request": {"uid": "2", "desiredAPIVersion": "tests.example/v2", "objects": [thing]},
}
convert_objects.sync_detailed(client=client, body=ConversionReview.from_dict(conversion))

publish.sync_detailed(namespace, uid, "tick", client=client, body={"a": 1})
# A stream that is there would not end, and this client reads an answer to its end.
subscribe.sync_detailed(namespace, uid, "denied", client=client)
