// Says, on pages where nothing is filled in, what this browser keeps and the application lacks.

import { Kept } from "./kept.js";
import { showLeftovers } from "./leftovers.js";

const { user, application } = document.getElementById("leftovers").dataset;
const kept = new Kept(user, application);

kept.left((entries) => showLeftovers(entries, (entry) => kept.remove(entry, entry.page)));
