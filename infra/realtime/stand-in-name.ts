/** Name of the stand-in for Supabase Realtime, wherever a person or a program looks. */
export const STAND_IN = "realtime-standin";
