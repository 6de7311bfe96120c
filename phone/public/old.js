/* Run only by browsers that know no modules; the page's policy forbids scripts inside it. */
document.getElementById("old").style.display = "block";
