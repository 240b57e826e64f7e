// Takes the prefix under which an API stands beside the page off the path, which the API does not know: of
// /api/tenant/tenant/t1 it gets /tenant/t1.
// biome-ignore lint/correctness/noUnusedVariables: CloudFront calls it
function handler(event) {
  const request = event.request;
  request.uri = request.uri.replace(/^\/api\/[^/]+/, "") || "/";
  return request;
}
