// Names that run a script wherever text is taken for markup, an attribute, a URL, a style or code.
// Each calls window.pwned(), which the test provides.

const call = "pwned()";
const code = "&#112;wned()";

const patterns = [
  `<script>${call}<\\script>`, `<img src=x onerror=${call}>`, `<img src=x onerror="${call}">`, `<svg onload=${call}>`,
  `"><img src=x onerror=${call}>`, `'><img src=x onerror=${call}>`, `" onmouseover="${call}`, `' onfocus='${call}' autofocus='`,
  `" autofocus onfocus="${call}`, `javascript:${call}`, `JaVaScRiPt:${call}`, `java\u0001script:${call}`, `data:text html,<script>${call}`,
  `<iframe srcdoc="<script>${call}">`, `<body onload=${call}>`, `<details open ontoggle=${call}>`, `<video src=x onerror=${call}>`,
  `<input autofocus onfocus=${call}>`, `<select autofocus onfocus=${call}>`, `<textarea autofocus onfocus=${call}>`,
  `<marquee onstart=${call}>`, `<math href="javascript:${call}">x`, `<a href="javascript:${call}">x`, `<form action="javascript:${call}"><button>`,
  `<object data="javascript:${call}">`, `<embed src="javascript:${call}">`, `<base href="javascript:${call}">`,
  `<meta http-equiv=refresh content="0;url=javascript:${call}">`, `<style>@import 'javascript:${call}'`, `<link rel=stylesheet href=javascript:${call}>`,
  `<img src="x" onerror="${code}">`, `&lt;img src=x onerror=${call}&gt;`, `%3Cimg src=x onerror=${call}%3E`, `\\x3cimg src=x onerror=${call}\\x3e`,
  `\\u003cimg src=x onerror=${call}\\u003e`, "${pwned()}", "{{constructor.constructor('pwned()')()}}", "{{pwned()}}", "#{pwned()}", "<%= pwned() %>",
  `';${call};'`, `";${call};"`, `\`;${call};\``, `-->${call}<!--`, `<![CDATA[<script>${call}]]>`, `]]><script>${call}`, `<x onclick=${call}>x`,
  `<template><script>${call}`, `<noscript><img src=x onerror=${call}>`, `<title><img src=x onerror=${call}>`, `</title><svg onload=${call}>`,
  `<img srcset=x onerror=${call}>`, `<picture><source srcset=x><img onerror=${call} src=x>`, `<audio src onerror=${call}>`, `<svg><animate onbegin=${call} attributeName=x>`,
  `<svg><script>${call}`, `<svg><a xlink:href="javascript:${call}">`, `<style onload=${call}>`, `<dialog open onclose=${call}>`, `<div style="background:url(javascript:${call})">`,
  `<img src=x:x onerror=${call} style=position:fixed;inset:0>`, `<button popovertarget=x onclick=${call}>`, `expression(${call})`, `url('javascript:${call}')`,
  `__proto__`, `constructor`, `toString`, `<plaintext>`, `<!--`, `\u202e<img src=x onerror=${call}>`, `\ufeff<script>${call}`, `<ſcript>${call}`,
];

// A file's name has no slash and no control characters; the server refuses those, which is tested too.
export const payloads = [...new Set(patterns.flatMap((text) => [text, `${text}.jpg`, `a ${text.toUpperCase().replaceAll("PWNED", "pwned")} b`]))];
