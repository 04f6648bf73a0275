import classes from "./Brand.module.css";

/** The name and its mark: a loop that comes back to where it began, warmer. */
export function Brand() {
  return (
    <span className={classes.brand}>
      <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
        <path
          d="M25.2 10.6a10.6 10.6 0 1 0 1.2 7.8"
          fill="none"
          stroke="currentColor"
          strokeWidth="4"
          strokeLinecap="round"
        />
        <circle cx="25.9" cy="9.6" r="4" className={classes.spark} />
      </svg>
      Regulars
    </span>
  );
}
