// A matrix of cosines with its sentences.
//
// matrix: { rows, columns, cells, hundredths, rowTexts, columnTexts, numberOf }; cells is a Uint8Array, row by row, one byte a
//         cell: 0 .. 254 stands for -1 .. 1, 255 for no number. hundredths is an Int8Array with the cosines rounded to
//         two digits, or null when the matrix is too large for them; they are then known from the byte, about.
//         numberOf gives the number a sentence has, which is not its place when they are in another order.
import { twoDecimals } from "../../frontend/numbers.js"

const NO_NUMBER = 255

// header: { rows, columns, order }: the sentences, columns is null when they are the same; and their numbers, null when
// they are counted from 1. numbers: cells, then hundredths.
export function matrixOf(header, numbers, digest) {
  const [rowTexts, columnTexts] = [header.rows, header.columns ?? header.rows]
  const [rows, columns] = [rowTexts.length, columnTexts.length]
  const count = rows * columns
  const hundredths = numbers.length > count ? new Int8Array(numbers.slice(count).buffer) : null
  const numberOf = (index) => String(header.order?.[index] ?? index + 1)
  return { rows, columns, cells: numbers.subarray(0, count), hundredths, rowTexts, columnTexts, numberOf, digest }
}

export function byteAt(matrix, { row, column }) {
  return matrix.cells[row * matrix.columns + column]
}

// The cosine of a cell with two digits.
export function numberAt(matrix, { row, column }) {
  const index = row * matrix.columns + column
  if (matrix.cells[index] === NO_NUMBER) return "–"
  const cosine = matrix.hundredths ? matrix.hundredths[index] / 100 : matrix.cells[index] / 127 - 1
  return twoDecimals(cosine)
}
