import { Title } from "../parts/bits";

export default function NotFound() {
  return (
    <>
      <Title lead="There is no page at this address. Check the address, or go to the dashboard.">Page not found</Title>
      <a class="button" href="/dashboard">
        Go to the dashboard
      </a>
    </>
  );
}
