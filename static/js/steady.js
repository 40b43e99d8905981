// What moves the page waits while a button is pressed: else the click would miss what it aims at.

const waiting = [];
let isPressed = false;

function release() {
  isPressed = false;
  setTimeout(() => waiting.splice(0).forEach((act) => act()));
}

addEventListener("pointerdown", () => { isPressed = true; }, true);
addEventListener("pointerup", release, true);
addEventListener("pointercancel", release, true);

export function steadily(act) {
  if (isPressed) waiting.push(act);
  else act();
}
