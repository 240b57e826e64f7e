export function Broken() {
  return (
    <main class="plain">
      <h1>This page could not start</h1>
      <p>Something went wrong on our side. Reload the page, or contact support.</p>
      <button type="button" class="button" onClick={() => window.location.reload()}>
        Load again
      </button>
    </main>
  );
}
