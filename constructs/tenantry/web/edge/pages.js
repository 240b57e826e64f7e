// Answers every address of the page itself with the page, which then shows what belongs there. A name with a dot is a
// file's: one that is not there stays an error.
// biome-ignore lint/correctness/noUnusedVariables: CloudFront calls it
function handler(event) {
  const request = event.request;
  const name = request.uri.substring(request.uri.lastIndexOf("/") + 1);
  if (!name.includes(".")) {
    request.uri = "/index.html";
  }
  return request;
}
