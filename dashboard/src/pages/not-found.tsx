import { Title } from "../parts/bits";

export default function NotFound() {
  return (
    <>
      <Title lead="The address leads nowhere here. It may be mistyped, or what it named is gone.">
        Nothing is here
      </Title>
      <a class="button" href="/dashboard">
        To the dashboard
      </a>
    </>
  );
}
