// Shows what is new without a reload: the server says that something changed, and the page fetches itself.
const events = new EventSource("/events");
events.addEventListener("change", async () => {
  const answer = await fetch("/");
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.getElementById("live").replaceWith(page.getElementById("live"));
});
