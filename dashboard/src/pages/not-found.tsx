import { PageTitle } from "../components/elements";

export default function NotFound() {
  return (
    <>
      <PageTitle lead="There is no page at this address. Check the address, or go to the dashboard.">
        Page not found
      </PageTitle>
      <a class="button" href="/dashboard">
        Go to the dashboard
      </a>
    </>
  );
}
