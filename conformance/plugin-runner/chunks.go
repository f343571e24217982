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

// chunk is one message of QueryChunkedData. Rows are counted by the official library, in Arrow; JSON is the plugin's own.
type chunk struct {
	RefID       string          `json:"refId"`
	FrameID     string          `json:"frameId"`
	Status      int32           `json:"status"`
	Error       string          `json:"error,omitempty"`
	ErrorSource string          `json:"errorSource,omitempty"`
	Frame       json.RawMessage `json:"frame,omitempty"`
	Rows        int             `json:"rows,omitempty"`
}

func queryChunksIn(format pluginv2.DataFrameFormat) func(context.Context, *grpc.ClientConn, options) (any, error) {
	return func(ctx context.Context, conn *grpc.ClientConn, o options) (any, error) {
		stream, err := pluginv2.NewDataClient(conn).QueryChunkedData(ctx, &pluginv2.QueryChunkedDataRequest{
			PluginContext: o.context(), Format: format,
			Queries: []*pluginv2.DataQuery{{
				RefId: "A", MaxDataPoints: 10, IntervalMS: 1000, Json: []byte(o.query),
				TimeRange: &pluginv2.TimeRange{FromEpochMS: 1000, ToEpochMS: 5000},
			}},
		})
		if err != nil {
			return nil, err
		}
		chunks := []chunk{}
		for {
			message, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return chunks, nil
			}
			if err != nil {
				return nil, err
			}
			read, err := readChunk(message)
			if err != nil {
				return nil, err
			}
			chunks = append(chunks, read)
		}
	}
}

func readChunk(message *pluginv2.QueryChunkedDataResponse) (chunk, error) {
	out := chunk{
		RefID: message.RefId, FrameID: message.FrameId, Status: message.Status, Error: message.Error, ErrorSource: message.ErrorSource,
	}
	if len(message.Frame) == 0 {
		return out, nil
	}
	if message.Format == pluginv2.DataFrameFormat_JSON {
		out.Frame = message.Frame
		return out, nil
	}
	frame, err := data.UnmarshalArrowFrame(message.Frame)
	if err != nil {
		return out, err
	}
	out.Rows, err = frame.RowLen()
	return out, err
}
