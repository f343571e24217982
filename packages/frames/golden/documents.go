package main

import (
	"fmt"
	"math"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

type custom struct {
	Zeta  int64          `json:"zeta"`
	Alpha float64        `json:"alpha"`
	Text  string         `json:"text"`
	Deep  map[string]any `json:"deep"`
	Small float32        `json:"small"`
	None  *int           `json:"none"`
}

func config(step int) *data.FieldConfig {
	yes, no := true, false
	from, to := data.ConfFloat64(1e-7), data.ConfFloat64(math.Inf(1))
	all := &data.FieldConfig{
		DisplayName: "<name>", DisplayNameFromDS: "from & ds\b\f", Path: "a/b", Description: "text\u2028", Filterable: &yes, Writeable: &no,
		Unit: "reqps", Interval: 1e-9, NoValue: "-",
		Mappings: data.ValueMappings{
			data.ValueMapper{"b": {Text: "B", Color: "red", Index: 1}, "a<": {Text: "A"}},
			data.RangeValueMapper{From: &from, To: &to, Result: data.ValueMappingResult{Text: "r"}},
			data.SpecialValueMapper{Match: data.SpecialValueNullAndNaN, Result: data.ValueMappingResult{Text: "none"}},
		},
		Thresholds: &data.ThresholdsConfig{Mode: data.ThresholdsModeAbsolute, Steps: []data.Threshold{data.NewThreshold(math.Inf(-1), "green", ""), data.NewThreshold(80, "red", "bad"), data.NewThreshold(1e-5, "", "")}},
		Color:      map[string]any{"mode": "fixed", "fixedColor": "<red>", "n": 1e-8, "big": 1e21},
		Links: []data.DataLink{{Title: "t", TargetBlank: true, URL: "http://x/?a=1&b=2"}, {Internal: &data.InternalDataLink{
			Query: map[string]any{"z": 1, "a": nil}, DatasourceUID: "uid", DatasourceName: "name",
			Transformations: &[]data.LinkTransformationConfig{{Type: data.Regex, Field: "f", Expression: "(.*)", MapValue: "m"}},
			Range:           &data.TimeRange{From: time.Unix(0, 1), To: time.Unix(1, 0).UTC()},
		}}},
		TypeConfig: &data.FieldTypeConfig{Enum: &data.EnumFieldConfig{Text: []string{"a", "b<"}, Color: []string{"red", ""}, Description: []string{"d"}}},
		Custom:     map[string]any{"z": map[string]any{"b": 1, "a": 2}, "a": []any{}},
	}
	all.SetDecimals(2).SetMin(0.00001).SetMax(1e21)
	switch step {
	case 0:
		return all
	case 1:
		return (&data.FieldConfig{}).SetMin(math.NaN()).SetMax(-0.5)
	case 2:
		return &data.FieldConfig{Custom: map[string]any{}, Color: map[string]any{}, Links: []data.DataLink{}, Mappings: data.ValueMappings{}}
	case 3:
		return &data.FieldConfig{Interval: 1e21, Thresholds: &data.ThresholdsConfig{}}
	}
	return (&data.FieldConfig{Unit: "percentunit"}).SetMin(123456789).SetMax(1e20)
}

func meta(step int) *data.FrameMeta {
	notices := []data.Notice{{Severity: data.NoticeSeverityInfo, Text: "i <b>"}, {Severity: data.NoticeSeverityWarning, Text: "w", Link: "http://x?a&b", Inspect: data.InspectTypeError}, {Severity: data.NoticeSeverityError}}
	stat := data.QueryStat{FieldConfig: data.FieldConfig{DisplayName: "rows", Unit: "short"}, Value: 1e-7}
	switch step {
	case 0:
		return &data.FrameMeta{
			Type: data.FrameTypeTimeSeriesMulti, TypeVersion: data.FrameTypeVersion{0, 1}, Path: "p", PathSeparator: "/",
			Custom: custom{Zeta: math.MaxInt64, Alpha: 1e-7, Text: "<&>\u2028\b", Deep: map[string]any{"b": 1e21, "a": 5e-324}, Small: 1e-8},
			Stats:  []data.QueryStat{stat, {}}, Notices: notices, Channel: "ds/uid/path", PreferredVisualization: data.VisTypeGraph,
			PreferredVisualizationPluginID: "id", ExecutedQueryString: "Expr: up{a=\"<b>\"}\nStep: 15s", DataTopic: data.DataTopicAnnotations, UniqueRowIDFields: []int{0, 2},
		}
	case 1:
		return &data.FrameMeta{Custom: map[string]any{"resultType": "matrix", "é😀": []any{1.5, -0.0, 1e100, "\u2029"}}}
	case 2:
		return &data.FrameMeta{Custom: []any{}, Stats: []data.QueryStat{}, Notices: []data.Notice{}, UniqueRowIDFields: []int{}}
	case 3:
		return &data.FrameMeta{Custom: map[string]string{}, Channel: "x"}
	}
	return &data.FrameMeta{Type: data.FrameTypeLogLines, TypeVersion: data.FrameTypeVersion{1, 0}, PreferredVisualization: data.VisTypeLogs, Custom: "text"}
}

func documents(emit emitter) {
	for step := range 5 {
		field := data.NewField("v", data.Labels{"job": "x"}, []float64{1})
		field.Config = config(step)
		emit(fmt.Sprintf("config %d", step), data.NewFrame("", field))
		frame := data.NewFrame("", data.NewField("v", nil, []*float64{nil}))
		frame.Meta = meta(step)
		frame.RefID = "B"
		emit(fmt.Sprintf("meta %d", step), frame)
	}
}
