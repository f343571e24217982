package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"google.golang.org/grpc"
)

// packetsWanted is how many packets of a stream are read before it is cancelled.
const packetsWanted = 3

// call is one call of the protocol. What its make returns is printed; an error that is no gRPC status ends the program.
type call struct {
	name string
	make func(ctx context.Context, conn *grpc.ClientConn, o options) (any, error)
}

// calls are all calls of the protocol, in the order in which they are made.
var calls = []call{
	{"QueryData JSON", queryIn(pluginv2.DataFrameFormat_JSON)},
	{"QueryData ARROW", queryIn(pluginv2.DataFrameFormat_ARROW)},
	{"QueryChunkedData JSON", queryChunksIn(pluginv2.DataFrameFormat_JSON)},
	{"QueryChunkedData ARROW", queryChunksIn(pluginv2.DataFrameFormat_ARROW)},
	{"CallResource", callResource},
	{"CheckHealth", checkHealth},
	{"CollectMetrics", collectMetrics},
	{"SubscribeStream", subscribeStream},
	{"RunStream", runStream},
	{"PublishStream", publishStream},
	{"ValidateAdmission", func(ctx context.Context, conn *grpc.ClientConn, o options) (any, error) {
		answer, err := pluginv2.NewAdmissionControlClient(conn).ValidateAdmission(ctx, admission(o))
		return map[string]any{"allowed": answer.GetAllowed()}, err
	}},
	{"MutateAdmission", func(ctx context.Context, conn *grpc.ClientConn, o options) (any, error) {
		answer, err := pluginv2.NewAdmissionControlClient(conn).MutateAdmission(ctx, admission(o))
		return map[string]any{"allowed": answer.GetAllowed(), "object": json.RawMessage(answer.GetObjectBytes())}, err
	}},
	{"ConvertObjects", convertObjects},
}

// queried is the answer to one refId. Frames are their JSON: the plugin's own where it sent JSON, the official library's where it sent Arrow.
type queried struct {
	Status      int32             `json:"status"`
	Error       string            `json:"error,omitempty"`
	ErrorSource string            `json:"errorSource,omitempty"`
	Format      string            `json:"format"`
	Frames      []json.RawMessage `json:"frames"`
}

func queryIn(format pluginv2.DataFrameFormat) func(context.Context, *grpc.ClientConn, options) (any, error) {
	return func(ctx context.Context, conn *grpc.ClientConn, o options) (any, error) {
		answer, err := pluginv2.NewDataClient(conn).QueryData(ctx, &pluginv2.QueryDataRequest{
			PluginContext: o.context(), Format: format,
			Queries: []*pluginv2.DataQuery{{
				RefId: "A", MaxDataPoints: 10, IntervalMS: 1000, Json: []byte(o.query),
				TimeRange: &pluginv2.TimeRange{FromEpochMS: 1000, ToEpochMS: 5000},
			}},
		})
		if err != nil {
			return nil, err
		}
		read := map[string]queried{}
		for refID, response := range answer.Responses {
			if read[refID], err = readResponse(response); err != nil {
				return nil, err
			}
		}
		return read, nil
	}
}

func readResponse(response *pluginv2.DataResponse) (queried, error) {
	out := queried{
		Status: response.Status, Error: response.Error, ErrorSource: response.ErrorSource, Format: response.Format.String(), Frames: []json.RawMessage{},
	}
	for _, raw := range response.Frames {
		if response.Format == pluginv2.DataFrameFormat_ARROW {
			frame, err := data.UnmarshalArrowFrame(raw)
			if err != nil {
				return out, err
			}
			if raw, err = json.Marshal(frame); err != nil {
				return out, err
			}
		}
		out.Frames = append(out.Frames, raw)
	}
	return out, nil
}

func callResource(ctx context.Context, conn *grpc.ClientConn, o options) (any, error) {
	stream, err := pluginv2.NewResourceClient(conn).CallResource(ctx, &pluginv2.CallResourceRequest{
		PluginContext: o.context(), Method: "GET", Path: o.resource, Url: o.resource,
	})
	if err != nil {
		return nil, err
	}
	code, body, messages := int32(0), "", 0
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return map[string]any{"status": code, "body": body, "messages": messages}, nil
		}
		if err != nil {
			return nil, err
		}
		if messages == 0 {
			code = message.Code
		}
		body, messages = body+string(message.Body), messages+1
	}
}

func checkHealth(ctx context.Context, conn *grpc.ClientConn, o options) (any, error) {
	health, err := pluginv2.NewDiagnosticsClient(conn).CheckHealth(ctx, &pluginv2.CheckHealthRequest{PluginContext: o.context()})
	if err != nil {
		return nil, err
	}
	return map[string]any{"status": health.Status.String(), "message": health.Message}, nil
}

func collectMetrics(ctx context.Context, conn *grpc.ClientConn, o options) (any, error) {
	metrics, err := pluginv2.NewDiagnosticsClient(conn).CollectMetrics(ctx, &pluginv2.CollectMetricsRequest{PluginContext: o.context()})
	if err != nil {
		return nil, err
	}
	return string(metrics.GetMetrics().GetPrometheus()), nil
}

func subscribeStream(ctx context.Context, conn *grpc.ClientConn, o options) (any, error) {
	answer, err := pluginv2.NewStreamClient(conn).SubscribeStream(ctx, &pluginv2.SubscribeStreamRequest{PluginContext: o.context(), Path: o.stream})
	if err != nil {
		return nil, err
	}
	return map[string]any{"status": answer.Status.String()}, nil
}

// runStream reads some packets, then leaves; a plugin must live on after that.
func runStream(ctx context.Context, conn *grpc.ClientConn, o options) (any, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := pluginv2.NewStreamClient(conn).RunStream(ctx, &pluginv2.RunStreamRequest{PluginContext: o.context(), Path: o.stream})
	if err != nil {
		return nil, err
	}
	packets := []json.RawMessage{}
	for range packetsWanted {
		packet, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		packets = append(packets, packet.Data)
	}
	return packets, nil
}

func publishStream(ctx context.Context, conn *grpc.ClientConn, o options) (any, error) {
	answer, err := pluginv2.NewStreamClient(conn).PublishStream(ctx, &pluginv2.PublishStreamRequest{
		PluginContext: o.context(), Path: o.stream, Data: []byte(`{"a":1}`),
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"status": answer.Status.String(), "data": string(answer.Data)}, nil
}

func admission(o options) *pluginv2.AdmissionRequest {
	return &pluginv2.AdmissionRequest{
		PluginContext: o.context(), Operation: pluginv2.AdmissionRequest_CREATE,
		Kind:        &pluginv2.GroupVersionKind{Group: "g", Version: "v1", Kind: "Thing"},
		ObjectBytes: []byte(`{"apiVersion":"g/v1","kind":"Thing","metadata":{"name":"a"}}`),
	}
}

func convertObjects(ctx context.Context, conn *grpc.ClientConn, o options) (any, error) {
	answer, err := pluginv2.NewResourceConversionClient(conn).ConvertObjects(ctx, &pluginv2.ConversionRequest{
		PluginContext: o.context(), Uid: "u", TargetVersion: &pluginv2.GroupVersion{Group: "g", Version: "v2"},
		Objects: []*pluginv2.RawObject{{Raw: []byte(`{"apiVersion":"g/v1","kind":"Thing"}`), ContentType: "application/json"}},
	})
	objects := []json.RawMessage{}
	for _, object := range answer.GetObjects() {
		objects = append(objects, object.Raw)
	}
	return objects, err
}
