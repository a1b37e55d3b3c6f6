// Keeps the id of this browser for a year; tells the page when another tab was faster and has chosen one already, and
// when the browser keeps no cookie, as in a frame of another host.
export default function ({ data, setStateValue }) {
  const start = `${data.name}=`
  const stored = document.cookie.split("; ").find((cookie) => cookie.startsWith(start))
  if (stored) {
    if (stored !== start + data.value) setStateValue("id", stored.slice(start.length))
    return
  }
  const secure = location.protocol === "https:" ? "; Secure" : ""
  document.cookie = `${start}${data.value}; Max-Age=31536000; Path=/; SameSite=Strict${secure}`
  if (!document.cookie.includes(start)) setStateValue("refused", true)
}
