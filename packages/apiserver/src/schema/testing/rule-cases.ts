import type { JsonObject } from "@dataplane/meta";
import type { StructuralSchema, ValidationRule } from "../structural-schema.js";

/** One schema and one write. What Kubernetes says of each is recorded beside. */
export interface SchemaCase {
  readonly name: string;
  readonly schema: StructuralSchema;
  readonly object?: JsonObject;
  readonly old?: JsonObject;
}

const text: StructuralSchema = { type: "string", maxLength: 256 };
const whole: StructuralSchema = { type: "integer" };

const properties: Readonly<Record<string, StructuralSchema>> = {
  s: text,
  t: text,
  empty: text,
  wide: text,
  absent: text,
  nothing: { ...text, nullable: true },
  i: whole,
  j: whole,
  big: whole,
  d: { type: "number" },
  b: { type: "boolean" },
  list: { type: "array", maxItems: 10, items: text },
  ints: { type: "array", maxItems: 10, items: whole },
  doubles: { type: "array", maxItems: 10, items: { type: "number" } },
  none: { type: "array", maxItems: 10, items: whole },
  set: { type: "array", maxItems: 10, "x-kubernetes-list-type": "set", items: text },
  set2: { type: "array", maxItems: 10, "x-kubernetes-list-type": "set", items: text },
  items: {
    type: "array",
    maxItems: 10,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    items: { type: "object", required: ["name"], properties: { name: text, n: whole } },
  },
  items2: {
    type: "array",
    maxItems: 10,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    items: { type: "object", required: ["name"], properties: { name: text, n: whole } },
  },
  map: { type: "object", maxProperties: 10, additionalProperties: whole },
  nested: { type: "object", properties: { a: text, deep: { type: "object", properties: { n: whole } } } },
  ios: { "x-kubernetes-int-or-string": true, maxLength: 64 },
  iosText: { "x-kubernetes-int-or-string": true, maxLength: 64 },
  when: { type: "string", format: "date-time" },
  day: { type: "string", format: "date" },
  span: { type: "string", format: "duration" },
  data: { type: "string", format: "byte", maxLength: 64 },
  open: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { known: text } },
  embedded: {
    type: "object",
    "x-kubernetes-embedded-resource": true,
    "x-kubernetes-preserve-unknown-fields": true,
    properties: { spec: { type: "object", properties: { a: text } } },
  },
  "dash-ed": text,
  "dot.ted": text,
  "sl/ash": text,
  un__der: text,
  namespace: text,
  if: text,
  int: whole,
  self: text,
  url: text,
  quantity: text,
  nullList: { type: "array", maxItems: 5, items: { ...text, nullable: true } },
};

const spec: JsonObject = {
  s: "hello",
  t: "world",
  empty: "",
  wide: "é😀x",
  nothing: null,
  i: 5,
  j: 3,
  big: 9007199254740991,
  d: 1.5,
  b: true,
  list: ["a", "b", "c"],
  ints: [3, 1, 2],
  doubles: [1.5, 2.5],
  none: [],
  set: ["x", "y"],
  set2: ["y", "x"],
  items: [
    { name: "one", n: 1 },
    { name: "two", n: 2 },
  ],
  items2: [
    { name: "two", n: 2 },
    { name: "one", n: 1 },
  ],
  map: { a: 1, b: 2 },
  nested: { a: "x", deep: { n: 7 } },
  ios: 80,
  iosText: "50%",
  when: "2026-01-02T03:04:05Z",
  day: "2026-01-02",
  span: "1h30m",
  data: "aGVsbG8=",
  open: { known: "k", unknown: 1 },
  embedded: { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: { a: "x" }, other: 1 },
  "dash-ed": "dash",
  "dot.ted": "dot",
  "sl/ash": "slash",
  un__der: "under",
  namespace: "ns",
  if: "if",
  int: 1,
  self: "self",
  url: "https://user@example.com:8080/a/b?x=1&x=2&y=z",
  quantity: "1.5Gi",
  nullList: ["a", null],
};

const withRules = (rules: readonly ValidationRule[]): StructuralSchema => ({
  type: "object",
  properties: { spec: { type: "object", properties, "x-kubernetes-validations": rules } },
});

const lines = (words: string): readonly string[] =>
  words
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));

// Each is asked of the object above; most are true.
const onCreate = lines(
  String.raw`
# fields, their names and their absence
self.s == 'hello'
self.s != self.t
has(self.s) && !has(self.absent)
has(self.nothing)
self.absent == 'x'
self.nothing == 'x'
self.unknown == 1
has(self.unknown)
self.nested.deep.n == 7
has(self.nested.deep) && has(self.nested.deep.n)
has(self.nested.deep.nope)
self.dash__dash__ed == 'dash'
self.__dash__ == 'dash'
self.dot__dot__ted == 'dot'
self.sl__slash__ash == 'slash'
self.un__underscores__der == 'under'
self.__namespace__ == 'ns'
self.__if__ == 'if'
self.int == 1
self.self == 'self'
self.namespace == 'ns'
self.open.known == 'k'
self.open.unknown == 1
self.embedded.kind == 'Pod' && self.embedded.metadata.name == 'p'
self.embedded.spec.a == 'x'
self.embedded.metadata.labels == {}
has(self.embedded.metadata.generateName)
self.s.length == 5
self['s'] == 'hello'
self.nested.orValue('x')
# types
type(self.i) == int
type(self.s) == string
type(self.d) == double
type(self.b) == bool
type(self.list) == list
type(self.map) == map
type(self.ios) == int && type(self.iosText) == string
type(self.when) == google.protobuf.Timestamp
type(self.span) == google.protobuf.Duration
type(self.data) == bytes
type(null) == null_type
type(self.nullList[1]) == null_type
type(1u) == uint
type(type(1)) == type
self.i == 1.5
self.i < 1.5
self.i > self.d
self.i == null
self.nested == null
self.s == null
self.s == 1
self.s < 1
self.i + self.d == 6.5
double(self.i) + self.d == 6.5
self.i + 'x' == 'y'
self.b && self.s
self.b || 1
!self.s
-self.s == 1
-self.i == -5
self.b ? 'a' : 1
self.b ? self.i == 5 : false
self.i ? true : false
# arithmetic
self.i + self.j == 8 && self.i - self.j == 2 && self.i * self.j == 15
self.i / self.j == 1 && self.i % self.j == 2
-7 / 2 == -3 && -7 % 2 == -1
self.i / 0 == 1
self.i % 0 == 1
self.d / 0.0 > 1.0
9223372036854775807 + self.i > 0
-9223372036854775808 - self.i < 0
9223372036854775807 * self.i > 0
9223372036854775808 > 0
0x10 == 16 && 0xFFu == 255u
1u - 2u == 0u
1e3 == 1000.0 && .5 == 0.5 && 1.5e-3 == 0.0015
self.big == 9007199254740991
1.0 == double(1) && int(1.9) == 1 && int(-1.9) == -1
int('42') == 42 && double('1.5') == 1.5 && uint('7') == 7u
int('x') == 1
bool('true') && !bool('false')
bool('maybe')
string(1) == '1' && string(1.5) == '1.5' && string(true) == 'true' && string(1u) == '1'
string(1.0) == '1'
string(self.when) == '2026-01-02T03:04:05Z'
string(self.span) == '5400s'
string(duration('1.5s')) == '1.5s'
string(b'abc') == 'abc' && bytes('abc') == b'abc'
self.data == b'hello'
size(self.data) == 5
# logic
true || self.list[10] == 'x'
self.list[10] == 'x' || true
false && self.list[10] == 'x'
self.list[10] == 'x' && false
self.list[10] == 'x' && true
false || self.list[10] == 'x'
!!true && !false
true ? true : self.list[10] == 'x'
# lists and maps
self.list[0] == 'a' && self.list[2] == 'c'
self.list[3] == 'd'
self.list[-1] == 'd'
self.list['a'] == 'd'
size(self.list) == 3 && self.list.size() == 3
self.list == ['a', 'b', 'c']
self.list == ['a', 'c', 'b']
self.list + ['d'] == ['a', 'b', 'c', 'd']
'a' in self.list && !('z' in self.list)
1 in self.list
'a' in self.map && !('z' in self.map)
self.map['a'] == 1 && self.map.b == 2
self.map['z'] == 1
self.map.z == 1
has(self.map.a) && !has(self.map.z)
size(self.map) == 2 && self.map == {'a': 1, 'b': 2}
self.map == {'b': 2, 'a': 1}
{'a': 1}['a'] == 1 && {1: 'x'}[1] == 'x'
{'a': 1, 'b': 'x'}.a == 1
[1, 'a'].size() == 2
[1, 2.0].size() == 2
[] == [] && {} == {}
self.none == []
self.set == self.set2
self.set == ['y', 'x']
self.set + ['x', 'z'] == ['x', 'y', 'z']
self.items == self.items2
self.items[0].name == 'one'
self.items + self.items2 == self.items
size(self.nested.a) == 1
# macros
self.list.all(x, x != 'z') && self.list.exists(x, x == 'b') && self.list.exists_one(x, x == 'b')
self.list.all(x, x == 'a')
self.list.map(x, x + x) == ['aa', 'bb', 'cc']
self.ints.map(x, x > 1, x * 2) == [6, 4]
self.ints.filter(x, x > 1) == [3, 2]
self.map.all(k, self.map[k] > 0) && self.map.exists(k, k == 'a')
self.map.map(k, k).size() == 2
self.map.filter(k, self.map[k] > 1) == ['b']
self.items.map(x, x.name) == ['one', 'two']
self.items.all(x, x.n > 0) && self.items.exists(x, x.name == 'two' && x.n == 2)
self.items.all(x, x.nope > 0)
self.list.all(x, self.list.exists(y, y == x))
self.list.all(x, x)
self.ints.exists_one(x, x / 0 == 1)
self.ints.exists(x, x / (x - 3) == 0 || x == 1)
self.ints.all(x, 6 / (x - 1) > 0)
self.i.all(x, x > 0)
self.s.all(x, x == 'h')
self.list.all('x', true)
has(self)
has(self['s'])
self.list.all(s, s != 'z') && self.s == 'hello'
[[1, 2], [3]].all(l, l.all(x, x > 0))
self.list.all(i, v, i >= 0 && v != '')
self.list.exists(i, v, i == 1 && v == 'b')
self.list.existsOne(i, v, v == 'b')
self.list.transformList(i, v, string(i) + v) == ['0a', '1b', '2c']
self.list.transformList(i, v, i > 0, v) == ['b', 'c']
self.list.transformMap(i, v, v)[1] == 'b'
self.map.transformMap(k, v, v * 2) == {'a': 2, 'b': 4}
self.map.transformMapEntry(k, v, {v: k}) == {1: 'a', 2: 'b'}
self.map.transformMapEntry(k, v, {'same': k}) == {}
self.map.all(k, v, k != '' && v > 0)
cel.bind(x, self.i + 1, x * x == 36)
# optionals
self.?absent.orValue('d') == 'd' && self.?s.orValue('d') == 'hello'
self.?nested.?deep.?n.orValue(0) == 7
self.?nope.orValue('d') == 'd'
self.list[?0].orValue('z') == 'a' && self.list[?9].orValue('z') == 'z'
self.map[?'a'].hasValue() && !self.map[?'z'].hasValue()
optional.of(1).value() == 1 && !optional.none().hasValue()
optional.none().value() == 1
optional.ofNonZeroValue('').orValue('x') == 'x'
self.?s.optMap(x, x + '!').orValue('') == 'hello!'
self.?s.optFlatMap(x, optional.of(x.size())).orValue(0) == 5
[?self.?absent, ?self.?s] == ['hello']
{?'a': self.?absent, ?'b': self.?s} == {'b': 'hello'}
self.?s.or(optional.of('x')).value() == 'hello'
# texts
self.s.startsWith('he') && self.s.endsWith('lo') && self.s.contains('ell')
self.s.startsWith(1)
self.s.matches('^h.*o$') && matches(self.s, 'l+')
self.s.matches('h(')
self.s.matches(self.t + '(')
self.wide.size() == 3 && size(self.wide) == 3
self.wide.charAt(1) == '😀' && self.wide.charAt(3) == ''
self.wide.charAt(9) == ''
self.s.indexOf('l') == 2 && self.s.indexOf('l', 3) == 3 && self.s.indexOf('z') == -1 && self.wide.indexOf('x') == 2
self.s.lastIndexOf('l') == 3 && self.s.lastIndexOf('l', 2) == 2
self.s.indexOf('l', 99) == 1
self.s.substring(1) == 'ello' && self.s.substring(1, 3) == 'el' && self.wide.substring(1, 2) == '😀'
self.s.substring(3, 1) == ''
self.s.substring(0, 99) == ''
self.s.replace('l', 'L') == 'heLLo' && self.s.replace('l', 'L', 1) == 'heLlo' && self.s.replace('l', '', 0) == 'hello'
self.s.replace('', '-') == '-h-e-l-l-o-'
'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && 'abc'.split('') == ['a', 'b', 'c'] && 'a'.split(',', 0) == []
self.list.join() == 'abc' && self.list.join(',') == 'a,b,c'
self.ints.join(',') == '3,1,2'
'Ab'.lowerAscii() == 'ab' && 'Ab'.upperAscii() == 'AB' && 'É'.lowerAscii() == 'É'
'  a b '.trim() == 'a b'
strings.quote('a"b\n') == '"a\\"b\\n"'
'%s is %d and %.2f'.format(['x', 5, 1.5]) == 'x is 5 and 1.50'
'%s'.format([[1, 'a', true, null, {'k': 1.5}]]) == '[1, a, true, null, {k: 1.5}]'
'%x %X %o %b'.format([255, 255, 8, 5]) == 'ff FF 10 101'
'%x'.format(['hi']) == '6869' && '%b'.format([true]) == '1' && '%e'.format([1234.5]) == '1.234500e+03'
'%d'.format(['x']) == ''
'%s %s'.format(['x']) == ''
'%z'.format([1]) == ''
'100%%'.format([]) == '100%'
"a" + 'b' == r'ab' && '''x''' == "x" && '\x41\u00e9\U0001F600\101' == 'Aé😀A'
'\q' == 'q'
# lists of Kubernetes
self.ints.isSorted()
[1, 2, 3].isSorted() && ['a', 'b'].isSorted() && [].isSorted()
self.ints.sum() == 6 && self.doubles.sum() == 4.0 && [duration('1s')].sum() == duration('1s')
self.list.sum() == 1
self.ints.min() == 1 && self.ints.max() == 3
self.none.min() == 1
self.none.max() == 1
self.none.sum() == 0
self.ints.indexOf(1) == 1 && self.ints.lastIndexOf(9) == -1
[1, 2, 3, 4].slice(1, 3) == [2, 3]
[1, 2].slice(1, 9) == [2]
[1, [2, [3]]].size() == 2
[[1], [2, 3]].flatten() == [1, 2, 3]
[1, 1, 2].distinct() == [1, 2] && [3, 1, 2].sort() == [1, 2, 3] && [1, 2, 3].reverse() == [3, 2, 1]
lists.range(3) == [0, 1, 2]
self.items.sortBy(x, -x.n)[0].name == 'two'
[1, 2].first().value() == 1 && [1, 2].last().value() == 2 && ![].first().hasValue()
self.ints.includes(3)
sets.contains([1, 2], [1]) && sets.equivalent([1, 1], [1]) && sets.intersects([1], [1, 2]) && !sets.intersects([1], [2])
# patterns
'a1b22'.find('[0-9]+') == '1' && 'a1b22'.findAll('[0-9]+') == ['1', '22'] && 'a1b22'.findAll('[0-9]+', 1) == ['1'] && 'a'.find('[0-9]') == ''
# times
self.when < timestamp('2027-01-01T00:00:00Z') && self.when > timestamp('2025-01-01T00:00:00Z')
self.when + self.span == timestamp('2026-01-02T04:34:05Z') && self.when - self.when == duration('0s')
self.when.getFullYear() == 2026 && self.when.getMonth() == 0 && self.when.getDate() == 2 && self.when.getDayOfMonth() == 1
self.when.getHours() == 3 && self.when.getMinutes() == 4 && self.when.getSeconds() == 5 && self.when.getMilliseconds() == 0
self.when.getDayOfWeek() == 5 && self.when.getDayOfYear() == 1
self.when.getHours('+02:00') == 5 && self.when.getHours('-03:00') == 0 && self.when.getHours('Europe/Berlin') == 4
self.when.getHours('Nowhere/City') == 5
self.day == timestamp('2026-01-02T00:00:00Z')
self.span == duration('90m') && self.span.getHours() == 1 && self.span.getMinutes() == 90 && self.span.getSeconds() == 5400
self.span > duration('1h')
duration('bogus') == self.span
timestamp('bogus') == self.when
duration(self.s) == self.span
timestamp(self.s) == self.when
timestamp('2026-01-02') == self.day
int(self.when) == 1767323045
# URLs
isURL(self.url) && url(self.url).getScheme() == 'https' && url(self.url).getHost() == 'example.com:8080' && url(self.url).getHostname() == 'example.com' && url(self.url).getPort() == '8080'
url(self.url).getEscapedPath() == '/a/b' && url(self.url).getQuery() == {'x': ['1', '2'], 'y': ['z']}
!isURL('relative/path') && isURL('/absolute/path') && !isURL('a b') && !isURL('')
url('https://[::1]:80/').getHost() == '[::1]:80' && url('https://[::1]:80/').getHostname() == '::1' && url('https://[::1]:80/').getPort() == '80'
url('mailto:a@b').getScheme() == 'mailto'
url('/a b').getScheme() == ''
url('bad') == url('/x')
# quantities
isQuantity(self.quantity) && !isQuantity('1.5Zi') && !isQuantity('')
quantity('1.5Gi').isGreaterThan(quantity('1Gi')) && quantity('1k').compareTo(quantity('1000')) == 0 && quantity('1').isLessThan(quantity('2'))
quantity('50k').add(quantity('20')) == quantity('50020') && quantity('50').sub(20) == quantity('30')
quantity('3').asInteger() == 3 && quantity('1.5').asApproximateFloat() == 1.5 && quantity('-1').sign() == -1 && quantity('0').sign() == 0
quantity('1.5').isInteger()
quantity('1.5').asInteger() == 1
quantity('1e3') == quantity('1000') && quantity('1m').add(quantity('999m')) == quantity('1')
quantity('bogus') == quantity('1')
# addresses
isIP('1.2.3.4') && isIP('::1') && !isIP('1.2.3') && !isIP('01.2.3.4') && !isIP('::ffff:1.2.3.4') && !isIP('fe80::1%eth0')
ip('1.2.3.4').family() == 4 && ip('::1').family() == 6
ip.isCanonical('2001:db8::1') && !ip.isCanonical('2001:DB8::1')
ip('127.0.0.1').isLoopback() && ip('0.0.0.0').isUnspecified() && ip('169.254.1.1').isLinkLocalUnicast() && ip('224.0.0.1').isLinkLocalMulticast() && ip('10.0.0.1').isGlobalUnicast()
ip('127.0.0.1').isGlobalUnicast()
string(ip('2001:DB8:0:0:0:0:0:1')) == '2001:db8::1'
ip('x').family() == 4
isCIDR('10.0.0.0/8') && !isCIDR('10.0.0.0/33') && !isCIDR('10.0.0.0')
cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsIP(ip('10.1.2.3')) && !cidr('10.0.0.0/8').containsIP('11.0.0.1')
cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && !cidr('10.1.0.0/16').containsCIDR(cidr('10.0.0.0/8'))
cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.0.0.0/8').prefixLength() == 8 && cidr('10.0.0.0/8').ip() == ip('10.0.0.0')
string(cidr('10.0.0.0/8')) == '10.0.0.0/8'
# versions
isSemver('1.2.3') && !isSemver('1.2') && isSemver('v1.2', true) && semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3
semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.0.0-alpha').compareTo(semver('1.0.0')) == -1 && semver('1.0.0+x') == semver('1.0.0')
semver('bogus') == semver('1.0.0')
# formats
!format.dns1123Label().validate('my-name').hasValue() && format.dns1123Label().validate('My_Name').hasValue()
format.named('dns1123Label').hasValue() && !format.named('nope').hasValue()
format.dns1123Label().validate('A').value()[0].contains('RFC 1123')
!format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue() && format.date().validate('x').value() == ['invalid date']
!format.qualifiedName().validate('a.b/c').hasValue() && !format.labelValue().validate('').hasValue() && !format.dns1123LabelPrefix().validate('a-').hasValue()
# int or string
self.ios == 80 && self.iosText == '50%'
self.ios + 1 == 81
self.iosText + 1 == 81
self.ios == '80'
self.ios.startsWith('8')
type(self.ios) == int ? self.ios < 100 : self.ios.matches('^[0-9]+%$')
self.ios > 'a'
# what cannot be read
self.s ==
self.s == 'hello
1 +
(self.s == 'a'
self..s
self.s === 'a'
@
self.list.
foo(self.s)
self.foo()
self.s.foo()
foo.bar(self.s)
undeclared
oldself == 1
request.user == 'x'
authorizer.path('/x').check('get').allowed()
Foo{a: 1}.a == 1
for == 1
'a' 'b'
size() == 1
size(1) == 1
size(self.s, self.s) == 1
string() == ''
true
false
'text'
1
self
self.list
dyn(self.i) == 5 && dyn(1) == dyn(1.0)
dyn('a') + 1 == 2
duration('1s') + 1 == duration('2s')
// a comment`,
);

const onUpdate: readonly (readonly [string, JsonObject, JsonObject])[] = [
  ["self.i >= oldSelf.i", { i: 5 }, { i: 3 }],
  ["self.i >= oldSelf.i", { i: 1 }, { i: 3 }],
  ["self == oldSelf", { i: 1, s: "a" }, { i: 1, s: "a" }],
  ["self == oldSelf", { i: 1, s: "a" }, { i: 1 }],
  ["has(oldSelf.s) ? self.s == oldSelf.s : true", { s: "a" }, {}],
  ["!has(oldSelf.s) || has(self.s)", {}, { s: "a" }],
  ["oldSelf.s == 'x'", {}, {}],
  ["self.i > 10", { i: 1 }, { i: 1 }],
  ["self.i > 10", { i: 1, j: 1 }, { i: 1 }],
];

const object = (fields: JsonObject): JsonObject => ({ apiVersion: "example.org/v1", kind: "Widget", metadata: { name: "w" }, spec: fields });

/** Rules of every kind, the bad ones too. */
export const ruleCases: readonly SchemaCase[] = [
  ...onCreate.map((rule) => ({ name: `rule ${rule}`, schema: withRules([{ rule }]), object: object(spec) })),
  ...onUpdate.map(([rule, now, before], index) => ({
    name: `update ${index} ${rule}`,
    schema: withRules([{ rule }]),
    object: object(now),
    old: object(before),
  })),
  ...["oldSelf.i == 5", "self.i == 5 && oldSelf.hasValue()", "!oldSelf.hasValue() || oldSelf.value().i == 3", "oldSelf.orValue(self).i == 5"].flatMap(
    (rule) => [
      { name: `optional, create ${rule}`, schema: withRules([{ rule, optionalOldSelf: true }]), object: object({ i: 5 }) },
      { name: `optional, update ${rule}`, schema: withRules([{ rule, optionalOldSelf: true }]), object: object({ i: 5 }), old: object({ i: 3 }) },
    ],
  ),
  { name: "oldSelf on create", schema: withRules([{ rule: "self.i == oldSelf.i" }]), object: object({ i: 5 }) },
  ...(
    [
      { rule: "false", message: "own words" },
      { rule: "false", message: "  own words  " },
      { rule: "false", messageExpression: "'i is ' + string(self.i)" },
      { rule: "false", message: "else", messageExpression: "self.absent" },
      { rule: "false", message: "else", messageExpression: "'a\\nb'" },
      { rule: "false", message: "else", messageExpression: "'  '" },
      { rule: "false", messageExpression: "'  spaced '" },
      { rule: "false", reason: "FieldValueForbidden", message: "no" },
      { rule: "false", reason: "FieldValueRequired", message: "no" },
      { rule: "false", reason: "FieldValueDuplicate", message: "no" },
      { rule: "false", reason: "FieldValueInvalid", message: "no" },
      { rule: "false", fieldPath: ".s" },
      { rule: "false", fieldPath: ".nested.deep.n", reason: "FieldValueRequired" },
      { rule: "false", fieldPath: ".map.a" },
      { rule: "false", fieldPath: ".map['x.y']" },
      { rule: "false", fieldPath: ".nope" },
      { rule: "false", fieldPath: ".list[0]" },
      { rule: "" },
      { rule: "false", message: " " },
      { rule: "false", message: "a\nb" },
      { rule: "false\n", message: "" },
      { rule: "false ||\nfalse", message: "" },
      { rule: "false ||\nfalse", message: "two lines" },
      { rule: "self.nope ||\n  self.s", message: "two lines" },
      { rule: "true", messageExpression: "1 + 1" },
      { rule: "true", messageExpression: "self.nope" },
      { rule: "true", optionalOldSelf: true },
      { rule: "self.i / 0 == 1", message: "own words" },
    ] satisfies readonly ValidationRule[]
  ).map((rule) => ({ name: `told ${JSON.stringify(rule)}`, schema: withRules([rule]), object: object({ i: 5, s: "a" }) })),
];
