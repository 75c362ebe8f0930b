/* A slider for every incident: a mark moves along the track on its map, and along its curves. */
"use strict";
for (const scene of document.querySelectorAll("section.scene")) {
    const from = Number(scene.dataset.from), span = Number(scene.dataset.span);
    const track = scene.querySelector("path[data-times]");
    if (!track || !(span > 0)) {
        continue;
    }
    const times = track.dataset.times.split(" ").map(Number);
    const places = [...track.getAttribute("d").matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].slice(1);
    const draw = (svg, name, attributes) => {
        const made = document.createElementNS("http://www.w3.org/2000/svg", name);
        for (const [key, value] of Object.entries(attributes)) {
            made.setAttribute(key, value);
        }
        svg.append(made);
        return made;
    };
    const spot = draw(track.ownerSVGElement, "circle", { class: "now", r: 6 });
    const marks = [...scene.querySelectorAll("svg[data-plot]")].map((svg) => {
        const [left, top, width, height] = svg.dataset.plot.split(" ").map(Number);
        return { left, width, path: draw(svg, "path", { class: "now" }), top, height };
    });
    const bar = document.createElement("p");
    const slider = document.createElement("input");
    const clock = document.createElement("output");
    bar.className = "slider";
    Object.assign(slider, { type: "range", min: 0, max: times.length - 1, value: 0 });
    slider.setAttribute("aria-label", "time");
    const move = () => {
        const n = Number(slider.value), at = times[n];
        spot.setAttribute("cx", places[n][1]);
        spot.setAttribute("cy", places[n][2]);
        for (const mark of marks) {
            const x = mark.left + (mark.width * at) / span;
            mark.path.setAttribute("d", `M${x} ${mark.top}v${mark.height}`);
        }
        clock.textContent = new Date(1000 * (from + at)).toISOString().slice(11, 19) + " UTC";
    };
    slider.addEventListener("input", move);
    bar.append(slider, clock);
    scene.querySelector("figure").before(bar);
    move();
}
