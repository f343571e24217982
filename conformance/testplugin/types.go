package main

import (
	"encoding/json"
	"math"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// typesFrames holds each type of field there is, both with and without nulls, and the values that are hard to write: nanoseconds,
// integers that no float64 holds, NaN and the infinities. The second frame has a time that is rounded in no row.
func typesFrames() []*data.Frame {
	at := epoch.Add(123456789 * time.Nanosecond)
	fields := []*data.Field{
		data.NewField("time", nil, []time.Time{epoch, at}), data.NewField("time?", nil, []*time.Time{&at, nil}),
		both("int8", []int8{math.MinInt8, math.MaxInt8}), orNull("int8?", int8(math.MinInt8)),
		both("int16", []int16{math.MinInt16, math.MaxInt16}), orNull("int16?", int16(math.MaxInt16)),
		both("int32", []int32{math.MinInt32, math.MaxInt32}), orNull("int32?", int32(math.MaxInt32)),
		both("int64", []int64{math.MinInt64, math.MaxInt64}), orNull("int64?", int64(1<<53+1)),
		both("uint8", []uint8{0, math.MaxUint8}), orNull("uint8?", uint8(math.MaxUint8)),
		both("uint16", []uint16{0, math.MaxUint16}), orNull("uint16?", uint16(math.MaxUint16)),
		both("uint32", []uint32{0, math.MaxUint32}), orNull("uint32?", uint32(math.MaxUint32)),
		both("uint64", []uint64{0, math.MaxUint64}), orNull("uint64?", uint64(math.MaxUint64)),
		both("float32", []float32{float32(math.Inf(1)), 0.1}), orNull("float32?", float32(math.NaN())),
		both("float64", []float64{math.NaN(), math.Inf(-1)}), orNull("float64?", 1e-7),
		both("string", []string{"<a href=\"x\">\u2028\\", "käse 🧀\x00"}), orNull("string?", ""),
		both("bool", []bool{true, false}), orNull("bool?", false),
		both("json", []json.RawMessage{[]byte(`{"a":[1,2.5,null]}`), []byte(`"<&>"`)}), orNull("json?", json.RawMessage(`[]`)),
		both("enum", []data.EnumItemIndex{0, 1}), orNull("enum?", data.EnumItemIndex(1)),
	}
	float := fields[18]
	float.Labels = data.Labels{"b": "2", "a": "<1>"}
	float.Config = &data.FieldConfig{
		DisplayNameFromDS: "Größe", Unit: "bytes", Custom: map[string]any{"k": 1.5},
		Links: []data.DataLink{{Title: "t", URL: "https://example.com/?a=b&c=d"}},
	}
	types := data.NewFrame("types", fields...)
	types.Meta = &data.FrameMeta{
		Type: data.FrameTypeTable, TypeVersion: data.FrameTypeVersion{0, 1}, ExecutedQueryString: "select <1>", Custom: map[string]any{"z": []int{1}},
		Notices: []data.Notice{{Severity: data.NoticeSeverityWarning, Text: "careful"}},
		Stats:   []data.QueryStat{{FieldConfig: data.FieldConfig{DisplayName: "rows"}, Value: 2}},
	}
	return []*data.Frame{types, data.NewFrame("empty"), data.NewFrame("no rows", data.NewField("value", nil, []float64{}))}
}

type value interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64 | string | bool | json.RawMessage | data.EnumItemIndex
}

func both[T value](name string, values []T) *data.Field { return data.NewField(name, nil, values) }

// orNull is a field of the value and a null.
func orNull[T value](name string, v T) *data.Field { return data.NewField(name, nil, []*T{&v, nil}) }
