// An amount with as many places as its size asks for, as the server writes it.
export function usd(amount, unknown) {
  if (amount === null) return unknown;
  const value = Number(amount);
  if (value > 0 && value < 1e-6) return `<${usd("0.000001")}`; // a small cost never reads as nothing
  const places = value >= 1 || value === 0 ? 2 : value >= 0.01 ? 4 : 6;
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  return `${value.toLocaleString(document.documentElement.lang, digits)} USD`;
}
