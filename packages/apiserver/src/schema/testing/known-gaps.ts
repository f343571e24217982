/** Why a case is answered otherwise than by Kubernetes. */
const reasons = {
  allOf: "rules in allOf are evaluated; the validation of definitions refuses them before",
  authorizer: "functions of authorization are not declared here at all",
  estimate: "our estimate bounds the text of a number and the size of an empty list, where cel-go knows no bound",
  includes: "includes() is taken in new rules too, one release early",
  path: "the path is told from the schema, as a check of rules does not know where the schema stands",
  sign: "quantity.sign() works as it is documented; there it is declared without its receiver",
  syntax: "the words of ANTLR's error recovery: we tell the first fault of a text that cannot be read",
} as const;

/** Cases that Kubernetes answers otherwise, with the reason. The list may only shrink. */
export const knownGaps: ReadonlyMap<string, string> = new Map([
  ["rule self.list.transformList(i, v, string(i) + v) == ['0a', '1b', '2c']", reasons.estimate],
  ["rule self.?s.optMap(x, x + '!').orValue('') == 'hello!'", reasons.estimate],
  ["rule '\\q' == 'q'", reasons.syntax],
  ["rule [1, 2, 3].isSorted() && ['a', 'b'].isSorted() && [].isSorted()", reasons.estimate],
  ["rule self.ints.includes(3)", reasons.includes],
  [
    "rule quantity('3').asInteger() == 3 && quantity('1.5').asApproximateFloat() == 1.5 && quantity('-1').sign() == -1 && quantity('0').sign() == 0",
    reasons.sign,
  ],
  ["rule self.s == 'hello", reasons.syntax],
  ["rule self..s", reasons.syntax],
  ["rule self.s === 'a'", reasons.syntax],
  ["rule @", reasons.syntax],
  ["rule self.list.", reasons.syntax],
  ["rule authorizer.path('/x').check('get').allowed()", reasons.authorizer],
  ['told {"rule":"false","messageExpression":"\'i is \' + string(self.i)"}', reasons.estimate],
  ["allOf", reasons.allOf],
  ["allOf, deeper", reasons.allOf],
  ["transition of an item of a plain list", reasons.path],
  ["transition of an item of a set", reasons.path],
  ["an estimate of a message", reasons.estimate],
]);
