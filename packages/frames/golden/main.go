// Writes the golden file of packages/frames: frames as Go's plugin SDK encodes them, one JSON line each with the
// Arrow file (base64) and the frame JSON. With "decode" it reads Arrow files (base64, a line each) and prints frame JSON.
//
//	go run . | gzip -9n > frames.golden.gz
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"os"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

type pair struct {
	Title string `json:"title"`
	Arrow []byte `json:"arrow"`
	JSON  string `json:"json"`
}

var random = rand.New(rand.NewSource(20260101))

func main() {
	if len(os.Args) > 1 && os.Args[1] == "decode" {
		decode()
		return
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	write := json.NewEncoder(out)
	emit := func(title string, frame *data.Frame) {
		arrow, err := frame.MarshalArrow()
		check(err)
		text, err := data.FrameToJSON(frame, data.IncludeAll)
		check(err)
		check(write.Encode(pair{title, arrow, string(text)}))
	}
	plain(emit)
	typed(emit)
	floats(emit)
	texts(emit)
	documents(emit)
}

func decode() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		arrow, err := base64.StdEncoding.DecodeString(lines.Text())
		check(err)
		frame, err := data.UnmarshalArrowFrame(arrow)
		check(err)
		text, err := data.FrameToJSON(frame, data.IncludeAll)
		check(err)
		fmt.Println(string(text))
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

type emitter func(title string, frame *data.Frame)

func plain(emit emitter) {
	emit("no name, no fields", data.NewFrame(""))
	emit("a name, no fields", data.NewFrame("empty"))
	withRefID := data.NewFrame("")
	withRefID.RefID = "A"
	emit("a refId, no fields", withRefID)
	withMeta := data.NewFrame("")
	withMeta.Meta = &data.FrameMeta{}
	emit("an empty meta", withMeta)
	emit("empty columns", data.NewFrame("x", data.NewField("t", nil, []time.Time{}), data.NewField("v", data.Labels{}, []*float64{}), data.NewField("s", nil, []string{})))
	emit("no names", data.NewFrame("", data.NewField("", nil, []int64{1, 2}), data.NewField("", nil, []*string{nil, nil})))
	field := data.NewField("v", nil, []float64{1})
	field.Config = &data.FieldConfig{}
	emit("an empty config", data.NewFrame("", field))
}

func column[T any](count int, next func() T, nulls int) any {
	if nulls == 0 {
		values := make([]T, count)
		for i := range values {
			values[i] = next()
		}
		return values
	}
	values := make([]*T, count)
	for i := range values {
		if random.Intn(100) >= nulls {
			value := next()
			values[i] = &value
		}
	}
	return values
}

func columns(count, nulls int) map[string]any {
	special := func(v float64) float64 {
		switch random.Intn(8) {
		case 0:
			return math.NaN()
		case 1:
			return math.Inf(1)
		case 2:
			return math.Inf(-1)
		}
		return v
	}
	return map[string]any{
		"int8":    column(count, func() int8 { return int8(random.Uint32()) }, nulls),
		"int16":   column(count, func() int16 { return int16(random.Uint32()) }, nulls),
		"int32":   column(count, func() int32 { return int32(random.Uint32()) }, nulls),
		"int64":   column(count, func() int64 { return int64(random.Uint64() >> random.Intn(64)) * int64(1-2*random.Intn(2)) }, nulls),
		"uint8":   column(count, func() uint8 { return uint8(random.Uint32()) }, nulls),
		"uint16":  column(count, func() uint16 { return uint16(random.Uint32()) }, nulls),
		"uint32":  column(count, func() uint32 { return random.Uint32() }, nulls),
		"uint64":  column(count, func() uint64 { return random.Uint64() >> random.Intn(64) }, nulls),
		"float32": column(count, func() float32 { return float32(special(random.NormFloat64())) }, nulls),
		"float64": column(count, func() float64 { return special(random.NormFloat64() * 100) }, nulls),
		"string":  column(count, func() string { return word() }, nulls),
		"bool":    column(count, func() bool { return random.Intn(2) == 1 }, nulls),
		"time":    column(count, instant, nulls),
		"whole":   column(count, func() time.Time { return time.UnixMilli(random.Int63n(4e12) - 1e12).UTC() }, nulls),
		"json":    column(count, func() json.RawMessage { return json.RawMessage(jsons[random.Intn(len(jsons))]) }, nulls),
		"enum":    column(count, func() data.EnumItemIndex { return data.EnumItemIndex(random.Uint32()) }, nulls),
	}
}

var names = []string{"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "string", "bool", "time", "whole", "json", "enum"}

var jsons = []string{`{}`, `[]`, `null`, `"x"`, `"<&>\u003c"`, `{"b":1,"a":[1.50,2e3,-0]}`, ` { "a" : 1 } `, `12345678901234567890`, `true`, "\"\u2028é\"", `x`}

func instant() time.Time {
	return time.Unix(random.Int63n(8e9)-4e9, random.Int63n(1e9)).UTC()
}

func typed(emit emitter) {
	for _, nulls := range []int{0, 25, 100} {
		for _, count := range []int{0, 1, 7, 8, 9, 100} {
			all := columns(count, nulls)
			frame := data.NewFrame("all")
			for _, name := range names {
				field := data.NewField(name, nil, all[name])
				frame.Fields = append(frame.Fields, field)
				emit(fmt.Sprintf("%s, %d rows, %d%% null", name, count, nulls), data.NewFrame("", field))
			}
			emit(fmt.Sprintf("all types, %d rows, %d%% null", count, nulls), frame)
		}
	}
	emit("int64 limits", data.NewFrame("", data.NewField("", nil, []int64{math.MinInt64, math.MaxInt64, 1<<53 + 1, -1<<53 - 1, 0, -1})))
	emit("uint64 limits", data.NewFrame("", data.NewField("", nil, []uint64{0, math.MaxUint64, 1<<53 + 1, 1 << 63, 9999999999, 10000000000, 4294967295, 4294967296})))
	emit("small integer limits", data.NewFrame("", data.NewField("", nil, []int8{-128, 127}), data.NewField("", nil, []int16{-32768, 32767}), data.NewField("", nil, []int32{math.MinInt32, math.MaxInt32}), data.NewField("", nil, []uint32{0, math.MaxUint32})))
	emit("time limits", data.NewFrame("", data.NewField("", nil, []time.Time{time.Unix(0, math.MinInt64).UTC(), time.Unix(0, math.MaxInt64).UTC(), time.Unix(0, 0).UTC(), time.Unix(0, -1).UTC(), time.Unix(0, 999999).UTC(), time.Unix(0, 1000000).UTC()})))
	powers := []int64{}
	for p := int64(1); p > 0 && p < math.MaxInt64/10; p *= 10 {
		powers = append(powers, p-1, p, p+1, -p)
	}
	emit("powers of ten", data.NewFrame("", data.NewField("", nil, powers)))
}

func floats(emit emitter) {
	edge := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 0.3, 1.0 / 3, 1e-6, 9.99e-7, 1e-7, 1e20, 1e21, 123456789012345680000, 1e22, 1e23, 1.5e300, math.MaxFloat64, math.SmallestNonzeroFloat64, 2.2250738585072014e-308, 2.225073858507201e-308, 9007199254740991, 9007199254740992, 9007199254740993, 4503599627370496.5, 5e-324, 1.7976931348623157e308, 123.456, 100, 1000000, 0.000001234}
	for e := -1074; e < 1024; e++ {
		edge = append(edge, math.Ldexp(1, e))
	}
	emit("doubles at edges", data.NewFrame("", data.NewField("", nil, edge)))
	for round := range 5 {
		wild, decimal, tens := make([]float64, 3000), make([]float64, 3000), make([]float64, 3000)
		for i := range wild {
			for wild[i] = math.NaN(); math.IsNaN(wild[i]) || math.IsInf(wild[i], 0); {
				wild[i] = math.Float64frombits(random.Uint64())
			}
			decimal[i] = math.Round(random.NormFloat64()*1e6) / math.Pow10(random.Intn(6))
			tens[i] = float64(random.Int63n(1e9)) * math.Pow10(random.Intn(40)-20)
		}
		denormal := make([]float64, 3000)
		for i := range denormal {
			denormal[i] = math.Float64frombits(random.Uint64() >> (12 + random.Intn(40)))
		}
		emit(fmt.Sprintf("random doubles %d", round), data.NewFrame("", data.NewField("a", nil, wild), data.NewField("b", nil, decimal), data.NewField("c", nil, tens), data.NewField("d", nil, denormal)))
	}
	singles := []float32{0, float32(math.Copysign(0, -1)), 0.1, 1e-6, 9.9999994e-07, 1e21, 1e20, math.MaxFloat32, math.SmallestNonzeroFloat32, 16777216, 16777217, 0.3, 1e10, 33554432}
	for e := -149; e < 128; e++ {
		singles = append(singles, float32(math.Ldexp(1, e)))
	}
	emit("singles at edges", data.NewFrame("", data.NewField("", nil, singles)))
	for round := range 4 {
		wild := make([]float32, 5000)
		for i := range wild {
			bits := random.Uint32()
			if bits>>23&0xff == 0xff {
				bits ^= 0x1000000
			}
			wild[i] = math.Float32frombits(bits)
		}
		emit(fmt.Sprintf("random singles %d", round), data.NewFrame("", data.NewField("", nil, wild)))
	}
}

var runes = []rune{'a', 'b', '"', '\\', '/', '<', '>', '&', '\'', 0, 1, '\b', '\f', '\n', '\r', '\t', 0x1f, ' ', 0x7f, 0x80, 'é', 'ß', '漢', 0x2028, 0x2029, 0x202a, 0xfffd, 0xfeff, 0xffff, '😀', 0x10ffff}

func word() string {
	out := []rune{}
	for range random.Intn(40) {
		if random.Intn(2) == 0 {
			out = append(out, rune('a'+random.Intn(26)))
		} else {
			out = append(out, runes[random.Intn(len(runes))])
		}
	}
	return string(out)
}

func texts(emit emitter) {
	each := []string{}
	for _, r := range runes {
		each = append(each, string(r), "0123456789abcdef"+string(r)+"0123456789abcdef")
	}
	for c := range 128 {
		each = append(each, string(rune(c)))
	}
	emit("every escape", data.NewFrame("", data.NewField("", nil, each)))
	broken := []string{"\xff", "a\xffb", "\xc3", "\xc3\x28", "\xe2\x80", "\xe2\x80a", "\xe2\x28\xa1", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x9f\x98", "\xf0\x9f\x98\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe0\xa0\x80", "\xf0\x80\x80\x80", "\xf0\x90\x80\x80", "\x80", "\xbf\xbf", "0123456789abcdefghij\xff<", "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\xe2\x80"}
	emit("strings that are no UTF-8", data.NewFrame("", data.NewField("", nil, broken)))
	for round := range 30 {
		labels := data.Labels{}
		for range random.Intn(6) {
			labels[word()] = word()
		}
		frame := data.NewFrame(word(), data.NewField(word(), labels, column(20, word, 0)), data.NewField(word(), data.Labels{"b": "1", "a": "2", "B": "3", "é": "4", "😀": "5", "\uffff": "6", "": "7"}, column(20, word, 20)))
		frame.RefID = word()
		frame.Meta = &data.FrameMeta{ExecutedQueryString: word(), Custom: map[string]any{word(): word(), "z": 1, "a": []any{nil, true, word()}}}
		emit(fmt.Sprintf("random text %d", round), frame)
	}
}
