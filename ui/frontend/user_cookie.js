// Keeps the id of this browser for a year, unless another tab was faster.
export default function ({ data }) {
  const known = document.cookie.split("; ").some((cookie) => cookie.startsWith(`${data.name}=`));
  if (!known) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${data.name}=${data.value}; Max-Age=31536000; Path=/; SameSite=Strict${secure}`;
  }
}
