package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// maxChunks bounds what one query may ask for: an endless answer is asked for by its own type.
const maxChunks = 1_000_000

// QueryChunkedData answers the types of QueryData in one chunk a frame, and:
//
//	chunks       "chunks" chunks of "chunkRows" rows each, "delayMs" apart
//	chunks-error the same, then an error of the query
//	chunks-fail  the same, then the call fails
//	chunks-panic the same, then the handler panics
//	endless      chunks without end, as fast as they are taken
//	interleaved  two frames, whose chunks take turns
//	wrong        a chunk of a query that was not asked
func (in *instance) QueryChunkedData(ctx context.Context, req *backend.QueryChunkedDataRequest, w backend.ChunkedDataWriter) error {
	if in.noChunks {
		return status.Error(codes.Unimplemented, "unimplemented")
	}
	if in.alwaysArrow {
		return errors.New("this data source answers in Arrow only, and at once")
	}
	for _, q := range req.Queries {
		if err := in.writeChunks(ctx, req, q, w); err != nil {
			return err
		}
	}
	return nil
}

func (in *instance) writeChunks(ctx context.Context, req *backend.QueryChunkedDataRequest, q backend.DataQuery, w backend.ChunkedDataWriter) error {
	var model queryModel
	if err := json.Unmarshal(q.JSON, &model); err != nil {
		return w.WriteError(ctx, q.RefID, backend.StatusBadRequest, err)
	}
	if model.Chunks < 0 || model.Chunks > maxChunks || model.ChunkRows < 0 || model.ChunkRows > maxChunks {
		return w.WriteError(ctx, q.RefID, backend.StatusBadRequest, fmt.Errorf("chunks and chunkRows must be 0 to %d", maxChunks))
	}
	switch q.QueryType {
	case "chunks", "chunks-error", "chunks-fail", "chunks-panic", "endless":
		return series(ctx, q, model, w)
	case "interleaved":
		for i := range model.Chunks {
			for _, id := range []string{"left", "right"} {
				if err := w.WriteFrame(ctx, q.RefID, id, rowsFrom(id, i*model.ChunkRows, model.ChunkRows)); err != nil {
					return err
				}
			}
		}
		return nil
	case "wrong":
		return w.WriteFrame(ctx, "wrong-"+q.RefID, "a", smallFrame())
	}
	answer := in.answer(ctx, &backend.QueryDataRequest{PluginContext: req.PluginContext, Headers: req.Headers, Format: req.Format}, q)
	for i, f := range answer.Frames {
		if err := w.WriteFrame(ctx, q.RefID, fmt.Sprint(i), f); err != nil {
			return err
		}
	}
	if answer.Error != nil {
		return w.WriteError(ctx, q.RefID, answer.Status, answer.Error)
	}
	return nil
}

func series(ctx context.Context, q backend.DataQuery, model queryModel, w backend.ChunkedDataWriter) error {
	count := model.Chunks
	if q.QueryType == "endless" {
		count = math.MaxInt
	}
	for i := range count {
		if i > 0 && model.DelayMs > 0 {
			select {
			case <-time.After(time.Duration(model.DelayMs) * time.Millisecond):
			case <-ctx.Done():
			}
		}
		if err := ctx.Err(); err != nil {
			chunkedCancelled.Inc()
			return err
		}
		if err := w.WriteFrame(ctx, q.RefID, "rows", rowsFrom("rows", i*model.ChunkRows, model.ChunkRows)); err != nil {
			chunkedCancelled.Inc()
			return err
		}
		chunksWritten.Inc()
	}
	switch q.QueryType {
	case "chunks-error":
		return w.WriteError(ctx, q.RefID, backend.StatusBadGateway, errors.New("the test plugin was asked to fail midway"))
	case "chunks-fail":
		return errors.New("secret-in-an-error")
	case "chunks-panic":
		panic("the test plugin was asked to panic")
	}
	return nil
}

// rowsFrom is a frame of time and value from row first on.
func rowsFrom(name string, first, rows int) *data.Frame {
	times := make([]time.Time, rows)
	values := make([]int64, rows)
	for i := range rows {
		times[i] = epoch.Add(time.Duration(first+i) * time.Second)
		values[i] = int64(first + i)
	}
	return data.NewFrame(name, data.NewField("time", nil, times), data.NewField("value", nil, values))
}

// hostile answers what a sound plugin would not, as far as the SDK lets it out.
func hostile(model queryModel) backend.DataResponse {
	switch model.Kind {
	case "nan":
		return frames(data.NewFrame("nan", data.NewField("v", nil, []float64{math.NaN(), math.Inf(1), math.Inf(-1)})))
	case "null":
		return frames(data.NewFrame("null", data.NewField("v", nil, []*float64{nil, nil}), data.NewField("s", nil, []*string{nil, nil})))
	case "bad-json":
		return frames(data.NewFrame("bad", data.NewField("j", nil, []json.RawMessage{json.RawMessage(`{"a":`)})))
	case "many-frames":
		out := make([]*data.Frame, model.Rows)
		for i := range out {
			out[i] = data.NewFrame("one", data.NewField("v", nil, []int64{int64(i)}))
		}
		return frames(out...)
	case "one-value":
		return frames(data.NewFrame("wide", data.NewField("s", nil, []string{string(make([]byte, model.Rows))})))
	case "status":
		return backend.DataResponse{Status: backend.Status(model.Rows), Error: errors.New("an odd status")}
	}
	// The SDK turns no frames and no error into an empty answer.
	return backend.DataResponse{}
}

// wrongRefID says whether the answer is to be filed under another refId.
func wrongRefID(q backend.DataQuery) bool {
	var model queryModel
	return q.QueryType == "hostile" && json.Unmarshal(q.JSON, &model) == nil && model.Kind == "wrong-ref-id"
}
