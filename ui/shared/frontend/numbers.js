// Numbers, and numbers as text.

export const clamp = (value, low, high) => Math.max(low, Math.min(high, value))

// The smallest round number that is at least `least`: a digit times a power of ten.
export function roundStep(least, digits = [1, 2, 5]) {
  const power = 10 ** Math.floor(Math.log10(least))
  return [...digits, 10].map((digit) => digit * power).find((step) => step >= least)
}

// Two decimals, and no "-0.00".
export const twoDecimals = (value) => value.toFixed(2).replace("-0.00", "0.00")

// With the minus sign of typography, which is as wide as a plus.
export const withMinusSign = (number) => number.replace("-", "−")
