"""What the Evaluate page's pieces do in the browser: each runs once, when its piece is made (`js_on_load`)."""

# A frame's button moves the player to that time.
SEEK = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-time]");
  const video = document.querySelector("#video video");
  if (button && video && video.readyState) { video.pause(); video.currentTime = Number(button.dataset.time) + 0.001; }
});
"""
# The box of the rationale stays at its end while text comes, unless the reader has scrolled up.
FOLLOW = """
let near = true;
element.addEventListener("scroll", (event) => {
  const box = event.target;
  near = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
}, true);
new MutationObserver(() => {
  const box = element.querySelector(".vs-live");
  if (box && near) box.scrollTop = box.scrollHeight;
}).observe(element, { childList: true, characterData: true, subtree: true });
"""
